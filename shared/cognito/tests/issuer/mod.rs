//! A pool that signs tokens, and a server of its keys.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use data_encoding::BASE64URL_NOPAD;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

pub const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_test";
pub const CLIENT: &str = "3h7k";

const KEYS: [&[u8]; 2] = [include_bytes!("rsa-1.pk8"), include_bytes!("rsa-2.pk8")];

/// Signs with one of the two keys under a key id.
pub struct Signer {
    id: &'static str,
    pair: RsaKeyPair,
}

/// Serves keys on this machine.
pub struct KeyServer {
    port: u16,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<Answer>>,
}

#[derive(Clone)]
enum Answer {
    Text(String),
    Failure,
    Silence,
}

pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The claims of an access token that is given at an instant and counts an hour.
pub fn claims(now: i64) -> Value {
    json!({
        "sub": "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "iss": ISSUER, "client_id": CLIENT,
        "token_use": "access", "iat": now, "exp": now + 3_600, "username": "ana", "scope": "x",
    })
}

impl Signer {
    pub fn new(id: &'static str, key: usize) -> Self {
        Self { id, pair: RsaKeyPair::from_pkcs8(KEYS[key - 1]).unwrap() }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let message = self.message("RS256", claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(&signature))
    }

    /// Signs with HS256, the public key as the secret: what a careless verifier would believe.
    pub fn sign_with_public_key_as_secret(&self, claims: &Value) -> String {
        let message = self.message("HS256", claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        format!("{message}.{}", encode(hmac::sign(&key, message.as_bytes()).as_ref()))
    }

    fn message(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({"alg": algorithm, "kid": self.id});
        format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        )
    }

    fn jwk(&self) -> Value {
        let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        json!({
            "kid": self.id, "kty": "RSA", "alg": "RS256", "use": "sig",
            "n": encode(&public.n), "e": encode(&public.e),
        })
    }
}

impl KeyServer {
    pub async fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(Answer::Failure));
        let server = Self { port, asked: Arc::default(), answer };
        server.serve(signers);
        let (asked, answer) = (Arc::clone(&server.asked), Arc::clone(&server.answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                tokio::spawn(respond(stream, answer));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/us-east-1_test/.well-known/jwks.json", self.port)
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn serve(&self, signers: &[&Signer]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        self.serve_text(&json!({ "keys": keys }).to_string());
    }

    pub fn serve_text(&self, text: &str) {
        *self.answer.lock().unwrap() = Answer::Text(text.to_owned());
    }

    pub fn break_down(&self) {
        *self.answer.lock().unwrap() = Answer::Failure;
    }

    pub fn hang(&self) {
        *self.answer.lock().unwrap() = Answer::Silence;
    }
}

async fn respond(mut stream: TcpStream, answer: Answer) {
    let mut request = BufReader::new(&mut stream).lines();
    while request.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
    let (status, body) = match answer {
        Answer::Text(text) => ("200 OK", text),
        Answer::Failure => ("500 Internal Server Error", "no".to_owned()),
        Answer::Silence => return std::future::pending().await,
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}
