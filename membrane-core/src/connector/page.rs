use serde_json::{Map, Value, json};

use super::{ApiBody, ApiRequest, Cx, Function, ListMethod, classify};
use crate::error::Result;
use crate::filter::{Filter, Operator};
use crate::locator::Locator;

impl ListMethod {
    /// What the app itself filters by, by parameter: the `is` conditions on fields of
    /// [`ListMethod::filter`] whose value is a scalar.
    pub fn filter_values(&self, filter: &Filter) -> Map<String, Value> {
        let mut values = Map::new();
        for (field, parameter) in &self.filter {
            let Ok(field) = Locator::parse(field) else { continue };
            let mut conditions = filter.conditions().iter();
            let found = conditions.find(|condition| {
                condition.field == field
                    && condition.operator == Operator::Is
                    && !matches!(condition.value, Value::Array(_) | Value::Object(_) | Value::Null)
            });
            if let Some(condition) = found {
                values.insert(parameter.clone(), condition.value.clone());
            }
        }
        values
    }

    /// Builds the request of one page; `None` when the function is not one request.
    ///
    /// Cursor, page size and filter values go into the query, into a body that is a JSON object or a form,
    /// or into the variables of a GraphQL request, under the names the method says. A GraphQL request with a
    /// `variables` formula reads `$.filterValues` there instead.
    ///
    /// # Errors
    /// As [`RestCall::request`](super::RestCall::request), and
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when the cursor is not one of this list.
    pub fn request(
        &self,
        cx: &Cx<'_>,
        filter: &Filter,
        args: &Value,
        cursor: Option<&str>,
    ) -> Result<Option<ApiRequest>> {
        let vars = cx.vars(args);
        match &self.call {
            Function::GraphQl(call) => {
                // The parameters of the list are variables, so these stand in as the body.
                let mut request = ApiRequest::post("").json(call.variables(&vars, args)?);
                if call.variables.is_none() {
                    self.set_filter(&mut request, filter);
                }
                self.pagination.apply(&mut request, cursor, self.page_size.as_ref())?;
                let ApiBody::Json(variables) = request.body else { return Ok(None) };
                Ok(Some(call.send(variables)))
            }
            Function::Rest(call) => {
                let mut request = call.request(&vars, args, cx.parameters())?;
                self.set_filter(&mut request, filter);
                self.pagination.apply(&mut request, cursor, self.page_size.as_ref())?;
                Ok(Some(request))
            }
            _ => Ok(None),
        }
    }

    /// Reads one page: what the app answers for each record, and the cursor of the next page.
    ///
    /// `extra` are arguments besides `filter` and `cursor`: the `query` of a search. Conditions the app
    /// does not filter by are not tried here.
    ///
    /// # Errors
    /// As [`ListMethod::request`], and what [`Cx::call`] gives;
    /// [`ErrorKind::External`](crate::ErrorKind::External) when the app names the same page as the next.
    pub async fn page(
        &self,
        cx: &Cx<'_>,
        filter: &Filter,
        extra: Map<String, Value>,
        cursor: Option<&str>,
    ) -> Result<(Vec<Value>, Option<String>)> {
        let mut args = extra;
        args.insert("filter".to_owned(), filter.to_value());
        args.insert("filterValues".to_owned(), Value::Object(self.filter_values(filter)));
        args.insert("cursor".to_owned(), json!(cursor));
        let args = Value::Object(args);
        let Some(request) = self.request(cx, filter, &args, cursor)? else {
            let mut answer = cx.run(&self.call, &args).await?;
            if matches!(self.call, Function::Native(_)) {
                let next = answer.get("cursor").and_then(Value::as_str).map(str::to_owned);
                return Ok((rows(answer.get_mut("records").map(Value::take)), next));
            }
            return Ok((rows(self.records.take(&mut answer)), None));
        };
        let method = request.method.clone();
        let response = cx.send(request).await?;
        let body = classify(cx.connector(), &method, &response)?;
        let mut answer = match &self.call {
            Function::GraphQl(call) => call.answer(body, cx.vars(&args))?,
            Function::Rest(call) => call.answer(body, &response, cx.vars(&args)),
            _ => body,
        };
        let count = self.records.at(&answer).and_then(Value::as_array).map_or(0, Vec::len);
        let next = self.pagination.next(&response, &answer, count, cursor, self.page_size.as_ref())?;
        Ok((rows(self.records.take(&mut answer)), next))
    }

    fn set_filter(&self, request: &mut ApiRequest, filter: &Filter) {
        for (parameter, value) in self.filter_values(filter) {
            request.set_parameter(&parameter, value);
        }
    }
}

/// The records; a place that holds no list holds none.
fn rows(found: Option<Value>) -> Vec<Value> {
    match found {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{AuthOption, Connector, GraphQlCall, PageSize, Pagination, RestCall, Settings};
    use crate::schema::DataSchema;

    struct Nobody;

    #[async_trait::async_trait]
    impl crate::connector::ApiClient for Nobody {
        async fn send(&self, _: ApiRequest) -> Result<super::super::ApiResponse> {
            Err(crate::Error::internal("nothing is sent here"))
        }
    }

    fn request(call: Function) -> ApiRequest {
        let mut list = ListMethod::new(call);
        list.filter.insert("owner.name".into(), "owner".into());
        list.filter.insert("votes".into(), "votes".into());
        list.page_size = Some(PageSize { parameter: Some("first".into()), size: 50 });
        let next = Locator::root();
        list.pagination = Pagination::Cursor { next, more: None, parameter: Some("after".into()) };
        let connector = Connector::builder("x", "X")
            .auth(AuthOption::client_credentials(DataSchema::any()))
            .build()
            .unwrap();
        let settings = Settings::default();
        let cx = Cx::new(&connector, &Nobody, &settings);
        let filter = json!([
            {"field": "$.owner.name", "operator": "is", "value": "ann"},
            {"field": "votes", "operator": "more_than", "value": 2},
            {"field": "state", "operator": "is", "value": "open"},
        ]);
        let filter = Filter::parse(&filter).unwrap();
        list.request(&cx, &filter, &json!({}), Some("c")).unwrap().unwrap()
    }

    #[test]
    fn the_app_filters_by_what_it_can() {
        let call = RestCall::new(http::Method::GET, "/rows").unwrap();
        let sent = request(Function::Rest(call.into()));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(sent.query, [pair("owner", "ann"), pair("first", "50"), pair("after", "c")]);
    }

    #[test]
    fn a_graphql_list_has_its_parameters_as_variables() {
        let sent = request(Function::GraphQl(GraphQlCall::new("/graphql", "{ rows }").into()));
        let ApiBody::Json(body) = sent.body else { panic!("is JSON") };
        assert_eq!(body["variables"], json!({"owner": "ann", "first": 50, "after": "c"}));
    }
}
