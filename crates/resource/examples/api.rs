//! An API of things for devices that sign in with Countersign: `GET /things` for tokens with the scope `things:read`,
//! `POST /things` for those with `things:write`. It accepts JWTs, bound to a key (DPoP) or not, and, once it is registered
//! with `countersignd client add api --introspect …`, opaque tokens as well.
//!
//! `cargo run -p countersign-resource --example api -- --issuer https://id.example.com`

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_resource::{
    Access, Algorithm, AuthorizationServer, Introspection, MOST_BODY, Metadata, Refusal, SourceError, Transport,
    Validator, system_time,
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

type Failure = Box<dyn Error + Send + Sync>;

/// `--listen ADDRESS --issuer URL --resource URL --audience NAME --client-id ID --client-secret-file FILE --revocation
/// at-once`. `--resource` is the URL that clients know the API by, https but on loopback, and unless `--audience` says
/// otherwise it is what tokens have to name.
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings: HashMap<&str, &str> = arguments.chunks(2).filter_map(pair).collect();
    let address: SocketAddr = settings.get("--listen").unwrap_or(&"127.0.0.1:0").parse()?;
    if !address.ip().is_loopback() {
        return Err("this example speaks plain HTTP: leave other addresses to a proxy with TLS".into());
    }
    let listener = TcpListener::bind(address).await?;
    let api = Api::new(&settings, listener.local_addr()?)?;
    println!("{}", api.resource);
    api.serve(listener).await
}

fn pair(of: &[String]) -> Option<(&str, &str)> {
    if let [name, value] = of { Some((name, value)) } else { None }
}

pub(crate) struct Api {
    resource: String,
    validator: Validator<Arc<AuthorizationServer<Http>>>,
    metadata: Metadata,
}

impl Api {
    pub(crate) fn new(settings: &HashMap<&str, &str>, address: SocketAddr) -> Result<Self, Failure> {
        let own = format!("http://{address}");
        let resource = settings.get("--resource").map_or(own, |url| (*url).to_owned());
        let audience = settings.get("--audience").copied().unwrap_or(&resource);
        let issuer = settings.get("--issuer").ok_or("--issuer is missing")?;

        let server = Arc::new(AuthorizationServer::new(issuer, Http::new()?)?);
        let metadata = Metadata::new(&resource, issuer)?
            .name("Things")
            .scopes(&["things:read", "things:write"])
            .dpop(Algorithm::ALL, false);
        let mut validator =
            Validator::new(*issuer, audience, Arc::clone(&server)).external_url(&resource).metadata(&metadata);
        if let Some(id) = settings.get("--client-id") {
            let file = settings.get("--client-secret-file").ok_or("--client-secret-file is missing")?;
            let secret = std::fs::read_to_string(file)?;
            let introspection = Introspection::new(server, id, secret.trim_end());
            validator = validator.introspection(match settings.get("--revocation") {
                Some(&"at-once") => introspection.every_token().keep_for(Duration::ZERO),
                _ => introspection,
            });
        }
        Ok(Self { resource, validator, metadata })
    }

    pub(crate) async fn serve(self, listener: TcpListener) -> Result<(), Failure> {
        let api = Arc::new(self);
        loop {
            let (stream, _) = listener.accept().await?;
            let api = Arc::clone(&api);
            let service = service_fn(move |request| {
                let api = Arc::clone(&api);
                async move { Ok::<_, Infallible>(api.answer(&request).await) }
            });
            let mut http = http1::Builder::new();
            tokio::spawn(http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        let result = match (request.method().as_str(), request.uri().path()) {
            ("GET", path) if path == self.metadata.path() => return self.metadata.response(),
            ("GET", "/things") => self.access(request, "things:read").await,
            ("POST", "/things") => self.access(request, "things:write").await,
            _ => return status(StatusCode::NOT_FOUND),
        };
        match result {
            Ok(access) => Response::new(format!("{} may {}\n", access.token.sub, request.method())),
            Err(refusal) => {
                eprintln!("{} {}: {refusal}", request.method(), request.uri().path());
                self.validator.answer(&refusal, system_time()).into_response()
            }
        }
    }

    async fn access(&self, request: &Request<Incoming>, scope: &str) -> Result<Access, Refusal> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let access = self.validator.authorize(method, uri, headers, system_time()).await?;
        access.require(&[scope])?;
        Ok(access)
    }
}

fn status(code: StatusCode) -> Response<String> {
    let mut response = Response::default();
    *response.status_mut() = code;
    response
}

/// How the API reaches the authorization server.
struct Http(reqwest::Client);

impl Http {
    fn new() -> reqwest::Result<Self> {
        let timeout = Duration::from_secs(5);
        reqwest::Client::builder().timeout(timeout).redirect(Policy::none()).build().map(Self)
    }
}

impl Transport for Http {
    async fn send(&self, request: Request<String>) -> Result<Response<Vec<u8>>, SourceError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while body.len() <= MOST_BODY
            && let Some(chunk) = answer.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(Response::builder().status(answer.status()).body(body)?)
    }
}
