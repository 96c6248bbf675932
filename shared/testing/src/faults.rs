//! Faults on the way to a table: calls that never arrive, answers that get lost, a process that
//! dies between two calls.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, Sender, channel},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
        },
    },
    error::BoxError,
};
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it arrives and is answered.
    None,
    /// It never arrives.
    NotSent,
    /// It takes effect, and its answer is lost.
    AnswerLost,
}

/// Decides the fate of every call of the stores it was given to.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<Inner>>);

struct Inner {
    calls: usize,
    decide: Box<dyn FnMut(usize) -> Fault + Send>,
}

impl Faults {
    /// Decides by the number of the call, counted from 0.
    pub fn by_call(decide: impl FnMut(usize) -> Fault + Send + 'static) -> Self {
        let inner = Inner { calls: 0, decide: Box::new(decide) };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Lets the first `calls` calls pass and none after them, as if the process had died. With
    /// `answer_lost` the last one that passes still loses its answer.
    pub fn crash_after(calls: usize, answer_lost: bool) -> Self {
        Self::by_call(move |call| match call + 1 {
            next if next < calls => Fault::None,
            next if next == calls && answer_lost => Fault::AnswerLost,
            next if next == calls => Fault::None,
            _ => Fault::NotSent,
        })
    }

    /// Stops a run before one of its calls, for what [`Stop::meanwhile`] does then. It takes a
    /// runtime of several threads, one of which stands still.
    pub fn stopping_before(stop: usize) -> (Self, Stop) {
        let ((stopped, is_stopped), (go_on, may_go_on)) = (channel(), channel());
        let faults = Self::by_call(move |call| {
            if call == stop {
                stopped.send(()).expect("somebody waits for the run to stop");
                may_go_on.recv().expect("somebody lets the run go on");
            }
            Fault::None
        });
        (faults, Stop { is_stopped, go_on })
    }

    /// Fails about `per_mille` of a thousand calls, half before and half after they took effect.
    /// The same seed fails the same calls.
    pub fn at_random(seed: u64, per_mille: u64) -> Self {
        let mut state = seed;
        Self::by_call(move |_| {
            // SplitMix64, Steele, Lea and Flood 2014.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            match (mixed % 1_000 < per_mille, mixed & (1 << 40) == 0) {
                (false, _) => Fault::None,
                (true, true) => Fault::NotSent,
                (true, false) => Fault::AnswerLost,
            }
        })
    }

    /// Counts the calls made so far.
    pub fn calls(&self) -> usize {
        self.inner().calls
    }

    /// Decides the fate of the next call, whatever it goes to.
    pub(crate) fn next(&self) -> Fault {
        let mut inner = self.inner();
        let call = inner.calls;
        inner.calls += 1;
        (inner.decide)(call)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a run stops.
#[derive(Debug)]
pub struct Stop {
    is_stopped: Receiver<()>,
    go_on: Sender<()>,
}

impl Stop {
    /// Does something while the run stands still, and lets it go on; `None` when the run is over,
    /// and all that had its faults with it, before it came to that call.
    pub async fn meanwhile<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let Self { is_stopped, go_on } = self;
        let waiting = tokio::task::spawn_blocking(move || is_stopped.recv().is_ok());
        if !waiting.await.expect("a thread that waits") {
            return None;
        }
        let done = work.await;
        go_on.send(()).expect("a run that stands still");
        Some(done)
    }
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// What a failed call fails with.
#[derive(Debug)]
struct Injected(Fault);

impl std::fmt::Display for Injected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "injected fault: {:?}", self.0)
    }
}

impl std::error::Error for Injected {}

#[derive(Debug)]
struct Fate(Fault);

impl Storable for Fate {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Faults {
    fn name(&self) -> &'static str {
        "Faults"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let fault = self.next();
        bag.interceptor_state().store_put(Fate(fault));
        if fault == Fault::NotSent { Err(Injected(fault).into()) } else { Ok(()) }
    }

    fn read_before_deserialization(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match bag.load::<Fate>() {
            Some(Fate(Fault::AnswerLost)) => Err(Injected(Fault::AnswerLost).into()),
            _ => Ok(()),
        }
    }
}
