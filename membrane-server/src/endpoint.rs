use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use membrane_core::Result;
use membrane_core::op::{Access, Body, Route};
use membrane_engine::op::Entry;
use serde_json::{Map, Value};

use crate::request::{Fields, json, parse, read};
use crate::respond::{self, Failure};
use crate::server::{Server, bearer, slots};

/// One route of one operation, with everything that can be known before a request comes.
#[derive(Debug)]
pub(crate) struct Endpoint {
    entry: &'static Entry,
    route: &'static Route,
    slots: Vec<String>,
    /// The fields that may come in the query.
    fields: Fields,
    /// The fields the route sets by itself, as their schema wants them.
    fixed: Vec<(&'static str, Value)>,
}

impl Endpoint {
    /// Prepares a route.
    pub(crate) fn new(entry: &'static Entry, route: &'static Route) -> Self {
        let slots: Vec<String> = route.slots().map(str::to_owned).collect();
        let mut fields = Fields::of(entry.input_schema());
        let coerce = |name: &str, text: &str| {
            let value = Value::String(text.to_owned());
            fields.shape(name).and_then(|shape| shape.coerce(name, value.clone()).ok()).unwrap_or(value)
        };
        let fixed = route.fixed.iter().map(|(name, text)| (*name, coerce(name, text))).collect();
        fields.retain(|name| {
            !slots.iter().any(|slot| slot == name)
                && (route.body == Body::None || route.query.contains(&name))
        });
        Self { entry, route, slots, fields, fixed }
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, server: &Server, request: Request) -> Response {
        let method = request.method().clone();
        server.answer(&method, &self.route.path, self.run(server, request)).await
    }

    async fn run(&self, server: &Server, request: Request) -> Result<Response, Failure> {
        match self.call(server, request).await {
            Ok(text) => Ok(respond::json(text)),
            Err(failure) => Err(failure.at(self.entry.info().name.clone())),
        }
    }

    async fn call(&self, server: &Server, request: Request) -> Result<Bytes, Failure> {
        let (mut parts, body) = request.into_parts();
        let mut query = parse(parts.uri.query().unwrap_or_default())?;
        let access = self.entry.info().access;
        if access == Access::Anyone {
            let input = self.input(slots(&mut parts, self.slots.len()).await?, query, None)?;
            return Ok(self.entry.call(&server.engine, &server.engine.nobody(), input).await?);
        }
        let in_query = query.shift_remove("token");
        let token = bearer(&parts.headers).or(in_query.as_ref().and_then(Value::as_str));
        let session = server.session(token).await?;
        let session = session.narrowed(&server.engine, &parts.headers).await?;
        let caller = session.caller(access)?;
        let path = slots(&mut parts, self.slots.len()).await?;
        // A body is read for a caller that is known, not for anybody.
        let body = match self.route.body {
            Body::None => None,
            _ => {
                let limit = self.route.body_limit.unwrap_or_default().max(server.body_limit);
                let body = read(&parts.headers, body, limit).await;
                json(&body.map_err(|reason| Failure::unread(&reason, limit))?)?
            }
        };
        let input = self.input(path, query, body)?;
        Ok(self.entry.call(&server.engine, caller, input).await?)
    }

    /// Puts the input together.
    fn input(&self, path: Vec<String>, query: Map<String, Value>, body: Option<Value>) -> Result<Value> {
        let mut coerced = Map::new();
        for (name, value) in query {
            let field = self.route.field(&name);
            match self.fields.shape(field) {
                Some(shape) => {
                    let value = shape.coerce(&name, value)?;
                    coerced.entry(field.to_owned()).or_insert(value);
                }
                None if self.route.query_rest.is_some() => {
                    coerced.insert(name, value);
                }
                None => {}
            }
        }
        let path = self.slots.iter().cloned().zip(path).collect();
        let mut input = self.route.decode(path, coerced, |name| self.fields.shape(name).is_some(), body)?;
        if let Value::Object(input) = &mut input {
            for (name, value) in &self.fixed {
                input.insert((*name).to_owned(), value.clone());
            }
        }
        Ok(input)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use membrane_core::Secret;
    use membrane_engine::Engine;
    use membrane_engine::op::catalogue;
    use membrane_engine::store::SqliteStore;
    use membrane_engine::vault::KeyProvider;

    use super::*;
    use crate::ServerConfig;

    /// The future of a request is moved a few times before it runs, and each request allocates one.
    #[tokio::test]
    async fn the_future_of_a_request_is_small() {
        const LARGEST: usize = 8 * 1024;
        let builder = Engine::builder().store(SqliteStore::memory().await.unwrap());
        let engine = builder.vault(KeyProvider::generate().unwrap()).build().await.unwrap();
        let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
        let server = Server::new(engine, &ServerConfig::new(secret).unwrap());
        let entry = catalogue().iter().find(|entry| entry.info().name == "actions.run").unwrap();
        let endpoint = Endpoint::new(entry, &entry.info().routes[0]);
        let size = size_of_val(&endpoint.answer(&server, Request::new(Body::empty())));
        assert!(size <= LARGEST, "{size} bytes");
    }
}
