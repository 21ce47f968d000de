use http::Method;
use serde_json::{Map, Value, json};

use super::{
    ApiBody, ApiRequest, ApiResponse, Collection, Cx, Function, ListMethod, Record, SearchMethod, classify,
};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;

impl ListMethod {
    /// What the app itself filters by, by parameter: see [`ListMethod::filter`].
    pub fn filter_values(&self, filter: &Filter) -> Map<String, Value> {
        self.filter.split(filter).values
    }

    /// The conditions [`ListMethod::filter_values`] leaves: those are tried on what the app answers.
    pub fn local_filter(&self, filter: &Filter) -> Filter {
        self.filter.split(filter).rest
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
        self.request_with(cx, &self.filter_values(filter), args, cursor)
    }

    /// Reads one page of the collection this list is of: the records, and the cursor of the next page.
    ///
    /// Conditions the app does not filter by are not tried here.
    ///
    /// # Errors
    /// As [`ListMethod::request`], and what [`Cx::call`] gives;
    /// [`ErrorKind::External`](crate::ErrorKind::External) when the app names the same page as the next,
    /// answers something else than a list, or a record without id.
    pub async fn page(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        filter: &Filter,
        cursor: Option<&str>,
    ) -> Result<(Vec<Record>, Option<String>)> {
        let pushed = self.filter_values(filter);
        let args = json!({
            "filter": filter.to_value(), "filterValues": pushed.clone(), "cursor": cursor,
        });
        self.page_with(cx, collection, &pushed, &args, cursor).await
    }

    fn request_with(
        &self,
        cx: &Cx<'_>,
        pushed: &Map<String, Value>,
        args: &Value,
        cursor: Option<&str>,
    ) -> Result<Option<ApiRequest>> {
        let vars = cx.vars(args);
        match &self.call {
            Function::GraphQl(call) => {
                // The parameters of the list are variables, so these stand in as the body.
                let mut request = ApiRequest::post("").json(call.variables(&vars, args)?);
                if call.variables.is_none() {
                    set(&mut request, pushed);
                }
                self.pagination.apply(&mut request, cursor, self.page_size.as_ref())?;
                let ApiBody::Json(variables) = request.body else { return Ok(None) };
                Ok(Some(call.send(variables)))
            }
            Function::Rest(call) => {
                let mut request = call.request(&vars, args, cx.parameters())?;
                set(&mut request, pushed);
                self.pagination.apply(&mut request, cursor, self.page_size.as_ref())?;
                Ok(Some(request))
            }
            _ => Ok(None),
        }
    }

    async fn page_with(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        pushed: &Map<String, Value>,
        args: &Value,
        cursor: Option<&str>,
    ) -> Result<(Vec<Record>, Option<String>)> {
        let Some(request) = self.request_with(cx, pushed, args, cursor)? else {
            let mut answer = cx.run(&self.call, args).await?;
            if matches!(self.call, Function::Native(_)) {
                let next = answer.get("cursor").and_then(Value::as_str).filter(|next| !next.is_empty());
                let next = next.map(str::to_owned);
                return Ok((records(cx, collection, answer.get_mut("records").map(Value::take))?, next));
            }
            return Ok((records(cx, collection, self.records.take(&mut answer))?, None));
        };
        let method = request.method.clone();
        let response = cx.send(request).await?;
        if let Some((records, body)) = self.project(cx.connector(), collection, &response) {
            let count = records.len();
            let next = self.pagination.next(&response, &body, count, cursor, self.page_size.as_ref())?;
            return Ok((records, next));
        }
        self.read(cx, collection, &method, &response, args, cursor)
    }

    /// Reads an answer the ordinary way.
    pub(super) fn read(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        method: &Method,
        response: &ApiResponse,
        args: &Value,
        cursor: Option<&str>,
    ) -> Result<(Vec<Record>, Option<String>)> {
        let body = classify(cx.connector(), method, response)?;
        let mut answer = match &self.call {
            Function::GraphQl(call) => call.answer(body, cx.vars(args))?,
            Function::Rest(call) => call.answer(body, response, cx.vars(args))?,
            _ => body,
        };
        // The cursor is read first: taking the records out may take the place it stands at along.
        let count = self.records.at(&answer).and_then(Value::as_array).map_or(0, Vec::len);
        let next = self.pagination.next(response, &answer, count, cursor, self.page_size.as_ref())?;
        Ok((records(cx, collection, self.records.take(&mut answer))?, next))
    }
}

impl SearchMethod {
    /// Reads one page of what a text finds.
    ///
    /// # Errors
    /// As [`ListMethod::page`].
    pub async fn page(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<Record>, Option<String>)> {
        let pushed = self.parameter.iter().map(|parameter| (parameter.clone(), query.into())).collect();
        let args = json!({"query": query, "cursor": cursor});
        self.list.page_with(cx, collection, &pushed, &args, cursor).await
    }
}

fn set(request: &mut ApiRequest, pushed: &Map<String, Value>) {
    for (parameter, value) in pushed {
        request.set_parameter(parameter, value.clone());
    }
}

/// The records; many APIs leave an empty list out.
fn records(cx: &Cx<'_>, collection: &Collection, found: Option<Value>) -> Result<Vec<Record>> {
    match found {
        Some(Value::Array(rows)) => rows.into_iter().map(|raw| collection.record(cx, raw)).collect(),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(_) => Err(Error::new(
            ErrorKind::External,
            "the app answered something else than a list where the records should be",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{AuthOption, Connector, GraphQlCall, PageSize, Pagination, RestCall, Settings};
    use crate::filter::{Operator, Pushdown};
    use crate::locator::Locator;
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
        let field = |text: &str| Locator::parse(text).unwrap();
        list.filter = Pushdown::new()
            .take(field("owner.name"), Operator::Is, "owner")
            .take(field("votes"), Operator::Is, "votes")
            .take(field("label"), Operator::IsOneOf, "labels");
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
            {"field": "label", "operator": "is_one_of", "value": ["bug", 7]},
        ]);
        let filter = Filter::parse(&filter).unwrap();
        list.request(&cx, &filter, &json!({}), Some("c")).unwrap().unwrap()
    }

    #[test]
    fn the_app_filters_by_what_it_can() {
        let call = RestCall::new(http::Method::GET, "/rows").unwrap();
        let sent = request(Function::Rest(call.into()));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            sent.query,
            [pair("owner", "ann"), pair("labels", "bug,7"), pair("first", "50"), pair("after", "c")]
        );
    }

    #[test]
    fn a_graphql_list_has_its_parameters_as_variables() {
        let sent = request(Function::GraphQl(GraphQlCall::new("/graphql", "{ rows }").into()));
        let ApiBody::Json(body) = sent.body else { panic!("is JSON") };
        assert_eq!(
            body["variables"],
            json!({"owner": "ann", "labels": ["bug", 7], "first": 50, "after": "c"})
        );
    }
}
