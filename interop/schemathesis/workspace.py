"""A workspace with some of every kind of element, and two customers who each have the same things in it."""

import base64
import hashlib
import hmac
import json
import time

import requests

CUSTOMERS = ["acme", "globex"]
LAYERED = ["action", "data-link-table", "data-source", "field-mapping", "flow"]
SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}, "status": {"type": "string"}}}
SUBSCRIBE = {"method": "POST", "uri": "https://product.example/hooks", "body": {"to": "{{webhookUri}}"}}

# What a workspace's element of a kind says. There are two of each: what writes to one of the workspace's or a
# customer's elements takes the `spare` one, so that the other stays good to read and to run.
UNIVERSAL = {
    "action": {"type": "api-request-to-external-app", "config": {"request": {"method": "GET", "path": "/v1/me"}}},
    "data-link-table": {},
    "data-source": {"udm": "tasks"},
    "field-mapping": {"appSchema": SCHEMA, "defaultImportValue": {"$var": "$"}, "defaultExportValue": {"$var": "$"}},
    "flow": {"nodes": {"start": {"type": "api-trigger", "name": "Start"}}, "parametersSchema": SCHEMA},
    "package": {},
    "app-data-schema": {"schema": SCHEMA},
    "app-event-type": {"schema": SCHEMA, "subscribeRequest": SUBSCRIBE},
    "screen": {"type": "integration", "blocks": []},
    "external-app": {},
}
NAMES = ["steady", "spare"]


def mark(customer):
    """Stands in everything that is this customer's, and in nothing that anybody sends or else may see."""
    return f"only for {customer} to see"


def token(key, secret, **claims):
    """A token as a product signs it."""

    def encode(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"iss": key, "exp": int(time.time()) + 7200, **claims}
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


class Api:
    """The server, as somebody with a token sees it."""

    def __init__(self, url, bearer):
        self.url = url
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {bearer}"

    def ask(self, method, path, body=None, **query):
        return self.session.request(method, self.url + path, json=body, params=query, timeout=30)

    def __call__(self, method, path, body=None, **query):
        answer = self.ask(method, path, body, **query)
        if not answer.ok:
            raise SystemExit(f"{method} {path} {query} {body}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def every(self, path, **query):
        """All pages of a list."""
        items, cursor = [], None
        while True:
            page = self("GET", path, limit=1000, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("cursor")
            if not cursor:
                return items


def build(admin, customers, apps):
    """Makes it, and tells by slot and kind which ids and keys there are: of all, and of each customer."""
    shared, own = {}, {name: {} for name in customers}

    def note(known, slot, name, *values):
        known.setdefault(slot, {}).setdefault(name, []).extend(value for value in values if value)

    # Only the apps on this machine: what is made up here reaches nobody else.
    for integration in admin.every("/integrations"):
        if integration["key"] not in apps:
            admin("DELETE", f"/integrations/{integration['id']}")
            continue
        parameters = {"apiUri": apps[integration["key"]]["url"]}
        admin("PATCH", f"/integrations/{integration['id']}", {"parameters": parameters})
        note(shared, "integrations", "steady", integration["id"], integration["key"])
        if integration["key"] == "taskly":
            body = {"name": "Spare", "key": "spare", "connectorKey": "taskly", "parameters": parameters}
            note(shared, "integrations", "spare", admin("POST", "/integrations", body)["id"])

    # The customers, and their connections.
    for name, client in customers.items():
        me = client("PATCH", "/self", {"name": mark(name), "fields": {"note": mark(name)}})
        note(own[name], "customers", "steady", me["id"], name)
        credentials = {"token": apps["taskly"]["apiKey"]}
        for key, given in [
            ("taskly", {"credentials": credentials}),
            ("contactly", {"credentials": {"apiKey": apps["contactly"]["apiKey"]}}),
            ("spare", {"credentials": credentials}),
        ]:
            made = client("POST", "/connections", {"integrationKey": key, "name": mark(name), **given})
            which = "spare" if key == "spare" else "steady"
            note(own[name], "connections", which, made["id"])
    spare = admin("POST", "/customers", {"name": "Spare", "internalId": "spare", "fields": {"plan": "pro"}})
    note(shared, "customers", "spare", spare["id"])

    # The workspace's, the integration's, and each customer's own.
    for name in NAMES:
        for kind, fields in UNIVERSAL.items():
            if kind == "field-mapping":
                fields = {**fields, "dataSourceKey": f"{name}-data-source"}
            key = f"{name}-{kind}"
            made = admin("POST", f"/{kind}s", {"key": key, "name": key, **fields})
            note(shared, f"{kind}s", name, made["id"], key)
            if kind == "package":
                elements = [{"type": "action", "id": shared["actions"][name][0]}]
                admin("PATCH", f"/packages/{made['id']}", {"elements": elements})
            if kind not in LAYERED:
                continue
            if kind != "data-link-table":
                layer = admin("POST", f"/integrations/taskly/{kind}s", {"key": key})
                note(shared, f"{kind}s", name, layer["id"])
            for customer, client in customers.items():
                path = f"/connections/taskly/{kind}s/{key}"
                made = client("GET", path, autoCreate="true")
                client("PATCH", path, {"name": mark(customer)})
                client("PATCH", path, {"description": mark(customer)})
                note(own[customer], f"{kind}s", name, made["id"])
        for customer, client in customers.items():
            for one, plural, parent in [
                ("app-data-schema-instance", "app-data-schemas", "appDataSchemaKey"),
                ("app-event-subscription", "app-event-subscriptions", "appEventTypeKey"),
            ]:
                of = f"{name}-{'app-data-schema' if parent == 'appDataSchemaKey' else 'app-event-type'}"
                made = client("GET", f"/{one}", **{parent: of, "autoCreate": "true"})
                client("PATCH", f"/{plural}/{made['id']}", {"name": mark(customer)})
                note(own[customer], plural, name, made["id"])

    # What runs leave behind.
    for customer, client in customers.items():
        table = {"connectionId": "taskly", "dataLinkTableKey": "steady-data-link-table"}
        link = {"appRecordId": mark(customer), "externalRecordId": mark(customer)}
        client("POST", "/data-link-table-instance/links", link, **table)
        run = client("POST", "/connections/taskly/actions/create-task/run", {"title": "A task"})
        note(own[customer], "action-run-logs", "steady", run["actionRunId"])
        client.ask("POST", "/connections/taskly/actions/get-task/run", {"id": mark(customer)})
        note(own[customer], "records", "steady", run["output"]["id"])
    note(shared, "actions", "steady", "create-task", "list-tasks", "get-task", "taskly.create-task", "create-contact")
    note(shared, "connectors", "steady", *apps)
    note(shared, "operations", "steady", "get-me", "list-tasks", "create-task")
    note(shared, "collections", "steady", "tasks", "contacts", "projects")
    note(shared, "paths", "steady", "v1/me", "v1/tasks")
    time.sleep(1)  # logs are written in batches
    for customer, client in customers.items():
        for log in client.every("/external-api-logs"):
            note(own[customer], "external-api-logs", "steady", log["id"])
    return {"shared": shared, "own": own}


# What is a customer's own, by where it is listed.
OWN = [
    *["/connections", "/action-run-logs", "/external-api-logs", "/connection-attempt-logs", "/app-event-subscriptions"],
    *["/app-data-schema-instances", *(f"/{kind}-instances" for kind in LAYERED)],
]
SHARED = ["/customers", "/integrations", *(f"/{kind}s" for kind in UNIVERSAL)]


def everything(admin, name, client):
    """All that is a customer's, as the customer sees it and as the workspace does, and what all share."""
    seen = {"self": client("GET", "/self"), "export": admin("GET", "/export")}
    for path in OWN:
        archived = {} if path.endswith("-logs") else {"includeArchived": "true"}
        for item in client.every(path, **archived):
            one = f"{path} {item['id']}"
            seen[one] = item
            if path == "/connections":
                secrets = admin.ask("GET", f"{path}/{item['id']}", includeSecrets="true")
                seen[f"{one} with secrets"] = secrets.json()
            elif path == "/action-run-logs":
                seen[f"{one} with details"] = client("GET", f"{path}/{item['id']}/details")
            elif path == "/data-link-table-instances":
                seen[f"{one} with links"] = client.ask("GET", "/data-link-table-instance/links", id=item["id"]).json()
            elif not path.endswith("-logs"):
                plural = path.replace("-instances", "s")
                history = client.ask("GET", f"{plural}/{item['id']}/checkpoints", limit=1000)
                seen[f"{one} with history"] = history.json()
    for path in SHARED:
        for item in admin.every(path, includeArchived="true"):
            whose = item.get("internalId") if path == "/customers" else item.get("userId")
            if whose in (None, name):
                seen[f"all of {path} {item['id']}"] = item
    return seen
