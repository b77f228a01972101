//! [`Validator`] as a tower layer: a request with access goes on with [`crate::Access`] among its extensions, any other
//! is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use proto::Timestamp;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Access, KeySource, Refusal, Validator, system_time};

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
type Observer = Arc<dyn Fn(&Refusal) + Send + Sync>;

/// Lets requests with access through to the service behind it.
pub struct AccessLayer<S> {
    rules: Rules<S>,
}

/// The service that [`AccessLayer`] makes.
pub struct AccessService<S, I> {
    rules: Rules<S>,
    inner: I,
}

struct Rules<S> {
    validator: Arc<Validator<S>>,
    scopes: Arc<[String]>,
    clock: Clock,
    observer: Observer,
}

impl<S: KeySource> AccessLayer<S> {
    /// For any acceptable token.
    #[must_use]
    pub fn new(validator: Arc<Validator<S>>) -> Self {
        let scopes = Arc::from([]);
        Self { rules: Rules { validator, scopes, clock: Arc::new(system_time), observer: Arc::new(|_| {}) } }
    }

    /// Demands these scopes too.
    #[must_use]
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.rules.scopes = scopes.iter().copied().map(str::to_owned).collect();
        self
    }

    /// Tells every refusal, for a log: the exact causes are in no answer.
    #[must_use]
    pub fn on_refusal(mut self, observer: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        self.rules.observer = Arc::new(observer);
        self
    }

    /// Reads this clock and not the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.rules.clock = Arc::new(clock);
        self
    }
}

impl<S: KeySource> Rules<S> {
    async fn judge(&self, parts: &http::request::Parts, now: Timestamp) -> Result<Access, Refusal> {
        let access = self.validator.authorize(&parts.method, &parts.uri, &parts.headers, now).await?;
        access.require(&self.scopes.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(access)
    }
}

impl<S, I> Layer<I> for AccessLayer<S> {
    type Service = AccessService<S, I>;

    fn layer(&self, inner: I) -> Self::Service {
        AccessService { rules: self.rules.clone(), inner }
    }
}

impl<S, I, B, R> Service<Request<B>> for AccessService<S, I>
where
    S: KeySource + 'static,
    I: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    I::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = I::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, I::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone goes to the next call: the one at hand is the one that said it is ready.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let rules = self.rules.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let now = (rules.clock)();
            match rules.judge(&parts, now).await {
                Ok(access) => {
                    parts.extensions.insert(access);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(refusal) => {
                    (rules.observer)(&refusal);
                    Ok(rules.validator.answer(&refusal, now).into_response())
                }
            }
        })
    }
}

impl<S> Clone for Rules<S> {
    fn clone(&self) -> Self {
        Self {
            validator: Arc::clone(&self.validator),
            scopes: Arc::clone(&self.scopes),
            clock: Arc::clone(&self.clock),
            observer: Arc::clone(&self.observer),
        }
    }
}

impl<S> Clone for AccessLayer<S> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone() }
    }
}

impl<S, I: Clone> Clone for AccessService<S, I> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), inner: self.inner.clone() }
    }
}
