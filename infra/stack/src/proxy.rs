//! The HTTP API at a plain local address: takes requests the way API Gateway
//! does (10 MB, 30 s) and hands them to the emulator.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use crate::forward;
use crate::http::{self, HttpClient};

const INTEGRATION: Duration = Duration::from_secs(30);

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Where requests go.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    emulator_port: u16,
    /// File with the id of the deployed API; absent until the first deployment.
    api_id: PathBuf,
    client: HttpClient,
}

impl Proxy {
    pub fn new(port: u16, emulator_port: u16, api_id: PathBuf) -> Self {
        Self { port, emulator_port, api_id, client: http::client() }
    }

    /// Serves for ever.
    pub async fn serve(self, listener: TcpListener) {
        let proxy = Arc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, client)) => {
                    tokio::spawn(Arc::clone(&proxy).connection(stream, client));
                }
                // Out of file descriptors: others must finish first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, client: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let proxy = Arc::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(proxy.answer(request, client).await) }
        });
        // An error here means that the client went away.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Answer {
        match self.forward(request, client).await {
            Ok(answer) => answer,
            Err(Refusal { status, body, content_type }) => {
                let body = Full::from(body).map_err(|never| match never {}).boxed();
                let mut answer = Response::new(body);
                *answer.status_mut() = status;
                let content_type = hyper::header::HeaderValue::from_static(content_type);
                answer.headers_mut().insert(CONTENT_TYPE, content_type);
                answer
            }
        }
    }

    async fn forward(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Answer, Refusal> {
        let (mut head, body) = request.into_parts();
        let body = Limited::new(body, forward::MAX_BODY).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { too_large() } else { broken_request() }
        })?;
        let api = std::fs::read_to_string(&self.api_id).map_err(|_| not_deployed())?;
        head.uri = forward::target(self.emulator_port, api.trim(), &head.uri)
            .map_err(|_| broken_request())?;
        forward::request_headers(&mut head.headers, client.ip(), self.port);
        head.headers.remove(CONTENT_LENGTH);
        let sent = self.client.request(Request::from_parts(head, Full::new(body.to_bytes())));
        let answer = tokio::time::timeout(INTEGRATION, sent).await.map_err(|_| timed_out())?;
        let (mut head, body) = answer.map_err(|error| unreachable(&error))?.into_parts();
        forward::drop_hop_by_hop(&mut head.headers);
        Ok(Response::from_parts(head, body.boxed()))
    }
}

/// An answer that the proxy gives itself.
struct Refusal {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

fn too_large() -> Refusal {
    like_the_gateway(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

fn timed_out() -> Refusal {
    like_the_gateway(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
}

fn broken_request() -> Refusal {
    like_the_gateway(StatusCode::BAD_REQUEST, "Bad Request")
}

/// What API Gateway answers before any function is asked.
fn like_the_gateway(status: StatusCode, message: &str) -> Refusal {
    let body = serde_json::json!({ "message": message }).to_string();
    Refusal { status, content_type: "application/json", body }
}

fn not_deployed() -> Refusal {
    local_problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "starting",
        "the local stack is not deployed yet",
    )
}

fn unreachable(error: &hyper_util::client::legacy::Error) -> Refusal {
    let message = if error.is_connect() {
        "the local AWS emulator is gone; run: cargo stack up"
    } else {
        "the local AWS emulator broke the connection off"
    };
    local_problem(StatusCode::BAD_GATEWAY, "emulator_unreachable", message)
}

/// A problem document about this machine, not about the request.
fn local_problem(status: StatusCode, code: &str, message: &str) -> Refusal {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "message": message,
    });
    Refusal { status, content_type: "application/problem+json", body: body.to_string() }
}
