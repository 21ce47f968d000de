"""What the made-up requests are told of the workspace, and what no answer may hold.

Without it nearly every path would name something that is not there. Most cases get ids and keys of the workspace,
those of the other customer among them; which ones follows from the case, so that it can be repeated.
"""

import atexit
import collections
import json
import os
import zlib

import requests
import schemathesis
import workspace
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

with open(os.environ["WORKSPACE"], encoding="utf-8") as file:
    WORKSPACE = json.load(file)
CALLER = os.environ["CALLER"]
# The admin sees everything.
OTHERS = [name for name in workspace.CUSTOMERS if name != CALLER] if CALLER in workspace.CUSTOMERS else []
FOREIGN_IDS = {
    value
    for name in OTHERS
    for kinds in WORKSPACE["own"][name].values()
    for values in kinds.values()
    for value in values
}
COUNTS = collections.Counter(calls=0, done=0, aimed=0, leaks=0, own=0)


@atexit.register
def write_counts():
    with open(os.environ["COUNTS"], "w", encoding="utf-8") as out:
        json.dump(COUNTS, out)


# What changes an element is tried on those nobody needs afterwards.
CHANGES = ("update", "replace", "archive", "restore", "revert", "reset", "setup")
MOSTLY = [True, True, True, True, False]
NARROWING = {"limit", "cursor", "search", "includeArchived", "autoCreate", "details"}

# Bodies that get further than what is made up, by operation.
TASK = {"title": "Made up"}
BODIES = {
    "actions.run": [TASK, {"input": TASK}, {"input": {}}],
    "operations.run": [{"input": TASK}, {"input": {}}],
    "connections.execute-request": [{"key": "create-task", "payload": TASK}, {"key": "get-me", "payload": {}}],
    "connections.create": [{"integrationKey": "taskly", "credentials": {"token": "wrong"}}],
    "data-collections.list": [{}, {"filter": {"status": "open"}}],
    "data-collections.search": [{"query": "Made"}],
    "data-collections.match": [{"query": TASK}, {"fields": TASK}],
    "data-collections.create": [{"fields": TASK}],
    "data-collections.update": [{"id": "@record", "fields": TASK}],
    "data-collections.find-by-id": [{"id": "@record"}],
    "data-collections.delete": [{"id": "@record"}],
    "data-sources.list-records": [{}, {"filter": {"status": "open"}}, {"unifiedFilter": {"status": "done"}}],
    "data-sources.search-records": [{"query": "Made"}],
    "data-sources.find-records": [{"query": {"status": "done"}}, {}],
    "data-sources.match-record": [{"query": TASK}],
    "data-sources.create-record": [{"fields": TASK}, {"unifiedFields": {"subject": "Made up"}}],
    "data-sources.update-record": [{"id": "@record", "fields": TASK}],
    "data-sources.find-record": [{"id": "@record"}],
    "data-sources.delete-record": [{"id": "@record"}],
    "data-sources.unified-to-native": [{"subject": "Made up"}],
    "data-links.create": [{"appRecordId": "a", "externalRecordId": "b"}],
    "data-links.delete": [{"appRecordId": "a"}],
    "field-mappings.run": [{"direction": "export", "input": {"subject": "Made up"}}, {"input": TASK}],
    "workspace.import": [{"files": {}, "dryRun": True}],
    "*.revert": [{"checkpointNumber": 1}],
    "*.reset": [{}],
    "*.create": [{"name": "Made up"}, {"name": "Made up", "connectionId": "@connection"}],
    "*.update": [{"name": "Made up"}, {"description": "Made up"}, {"parentId": "@any"}, {"userId": "acme"}],
    "*.replace": [{"name": "Made up"}],
}


def operation_of(case):
    return case.operation.definition.raw.get("x-membrane-operation", "")


class Picks:
    """Choices that follow from the case."""

    def __init__(self, case, changes):
        said = [case.method, case.path, case.path_parameters, case.query, case.body]
        self.state = zlib.crc32(json.dumps(said, default=str, sort_keys=True).encode())
        self.names = ["spare"] if changes else ["steady", "steady", "spare"]

    def one(self, values):
        self.state = zlib.crc32(self.state.to_bytes(4, "big"))
        return values[self.state % len(values)]

    def of(self, kind, names=None):
        """An id or key of a kind, of the workspace or of a customer, whoever asks."""
        name = self.one(names or self.names)
        known = [kinds.get(kind, {}) for kinds in [WORKSPACE["shared"], *WORKSPACE["own"].values()]]
        found = [named[name] for named in known if name in named]
        # Of what nothing can happen to, there is no spare one.
        found = found or [named["steady"] for named in known if "steady" in named]
        return self.one(self.one(found)) if found else None

    def key(self, kind):
        """A key that means something at every layer, and an id where a kind has none."""
        kind = kind.removesuffix("s")
        return f"{self.one(self.names)}-{kind}" if kind in workspace.UNIVERSAL else self.of(f"{kind}s")

    def connection(self):
        """A connection something is done on: mostly the one that has everything."""
        own = WORKSPACE["own"]
        mine = own[CALLER] if CALLER in own else own[self.one(list(own))]
        usual = [mine["connections"]["steady"][0]] + (["taskly"] if CALLER in own else [])
        return self.one([*usual, *usual, self.of("connections", ["steady", "steady", "spare"])])


def kind_of(path, slot):
    """What a slot of a path, or a parameter, names."""
    before = path.split(f"/{{{slot}}}")[0].rsplit("/", 1)[-1]
    return {
        "connectionId": "connections",
        "integrationId": "integrations",
        "operationKey": "operations",
        "collectionKey": "collections",
        "path": "paths",
    }.get(slot, before.replace("-instances", "s"))


def fitting(path, slot, picks):
    """What a slot of a path may be."""
    kind = kind_of(path, slot)
    if kind == "connections" and slot == "connectionId":
        return picks.connection()
    if kind == "integrations" and slot == "integrationId":
        return picks.one(["taskly", "taskly", picks.of(kind, ["steady", "spare"])])
    if path.startswith("/integrations/{integrationId}/"):
        return picks.key(kind)
    return picks.one([picks.key, picks.of])(kind)


def is_positive(case, location):
    component = case.meta.components.get(location) if case.meta else None
    return component is None or component.mode == GenerationMode.POSITIVE


def fill(value, picks):
    if value == "@record":
        return picks.of("records")
    if value == "@connection":
        return picks.connection()
    if value == "@any":
        return picks.of(picks.one(["actions", "flows", "data-sources"]))
    if isinstance(value, dict):
        return {name: fill(inner, picks) for name, inner in value.items()}
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta and case.meta.phase.name == TestPhase.STATEFUL:
        return
    operation = operation_of(case)
    verb = operation.partition(".")[2]
    picks = Picks(case, verb in CHANGES)
    if picks.one(MOSTLY) and is_positive(case, ParameterLocation.PATH):
        for slot, value in (case.path_parameters or {}).items():
            case.path_parameters[slot] = fitting(case.path, slot, picks) or value
    if picks.one(MOSTLY) and is_positive(case, ParameterLocation.QUERY):
        address(case, operation, verb, picks)
    bodies = BODIES.get(operation) or BODIES.get(f"*.{verb}")
    if bodies and picks.one([True, False]) and is_positive(case, ParameterLocation.BODY):
        case.body = fill(picks.one(bodies), picks)
        case.media_type = "application/json"


def address(case, operation, verb, picks):
    """A query that names one thing and not twelve."""
    kept = {name: value for name, value in (case.query or {}).items() if name in NARROWING}
    plural = "data-link-tables" if operation.startswith("data-links.") else operation.partition(".")[0]
    known = {parameter.name for parameter in case.operation.query}
    if verb == "list":
        narrowing = picks.one([{}, {"connectionId": picks.connection()}, {"integrationId": "taskly"}])
    elif "{" in case.path:
        narrowing = picks.one([{}, {}, {"connectionId": picks.connection()}])
    else:
        by_key = {"key": picks.key(plural), "connectionId": picks.connection()}
        narrowing = picks.one([{"id": picks.of(plural)}, by_key, {**by_key, "autoCreate": True}])
    if "userId" in known and picks.one([False, False, True]):
        narrowing["userId"] = picks.one(workspace.CUSTOMERS)
    kept.update((name, value) for name, value in narrowing.items() if name in known)
    case.query = {name: value for name, value in kept.items() if value is not None}


@schemathesis.hook
def after_call(context, case, response):
    count(response)
    restore(case, response)


def count(response):
    request = response.request
    body = request.body or ""
    sent = request.url + (body.decode(errors="replace") if isinstance(body, bytes) else str(body))
    COUNTS["calls"] += 1
    COUNTS["done"] += response.status_code < 300
    COUNTS["aimed"] += any(value in sent for value in FOREIGN_IDS)
    COUNTS["leaks"] += any(workspace.mark(name) in response.text for name in OTHERS)
    COUNTS["own"] += workspace.mark(CALLER) in response.text


def restore(case, response):
    """Whatever of the workspace was archived comes back."""
    if case.method.upper() != "DELETE" or response.status_code != 200 or not operation_of(case).endswith(".archive"):
        return
    plural = operation_of(case).partition(".")[0]
    archived = response.json().get("id")
    if archived and archived in json.dumps([WORKSPACE["own"].get(CALLER, WORKSPACE["own"]), WORKSPACE["shared"]]):
        headers = {"authorization": f"Bearer {os.environ['ADMIN']}"}
        requests.post(f"{os.environ['API']}/{plural}/{archived}/restore", headers=headers, timeout=30)


@schemathesis.check
def nothing_of_another_customer(ctx, response, case):
    for name in OTHERS:
        assert workspace.mark(name) not in response.text, f"the answer holds what is {name}'s"


@schemathesis.check
def nothing_undescribed(ctx, response, case):
    """A schema lets further fields through; ours are all to be described, and as what they are."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema:
        left = undescribed(response.json(), schema, case.operation.schema.raw_schema, "")
        assert not left, f"not described: {', '.join(sorted(set(left))[:10])}"


def resolved(schema, document):
    """A schema with what it refers to in its place."""
    while isinstance(schema, dict) and "$ref" in schema:
        place = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        schema = place
    return schema


def undescribed(value, schema, document, where):
    """The fields of a value that its schema does not name."""
    schema = resolved(schema, document)
    if not isinstance(schema, dict):
        return []
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return min((undescribed(value, option, document, where) for option in options), key=len)
    if isinstance(value, list) and "items" in schema:
        return [left for item in value for left in undescribed(item, schema["items"], document, f"{where}[]")]
    if not isinstance(value, dict):
        return []
    known, further = schema.get("properties"), schema.get("additionalProperties")
    if known is None and further is None:
        # Either anything, or not what an object is described by.
        return list(value) if schema.get("type") not in (None, "object") else []
    left = []
    for name, inner in value.items():
        if name in (known or {}):
            left += undescribed(inner, known[name], document, f"{where}.{name}")
        elif isinstance(further, dict):
            left += undescribed(inner, further, document, f"{where}.*")
        elif further is None:
            left.append(f"{where}.{name}")
    return left


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A query is read as Membrane reads it: what is blank is not there, and any text is a boolean."""
    if not isinstance(failure, AcceptedNegativeData):
        return True
    others = [ParameterLocation.PATH, ParameterLocation.BODY, ParameterLocation.HEADER, ParameterLocation.COOKIE]
    if not all(is_positive(case, location) for location in others):
        return True
    schemas = {parameter.name: parameter.definition.get("schema", {}) for parameter in case.operation.query}
    document = case.operation.schema.raw_schema
    return not all(fits(schemas.get(name), value, document) for name, value in (case.query or {}).items())


def fits(schema, value, document):
    if schema is None or value is None or str(value).strip() in ("", "[]", "{}"):
        return True
    schema = resolved(schema, document)
    if "oneOf" in schema:
        return value in [option.get("const") for option in schema["oneOf"]]
    if schema.get("type") == "boolean":
        return not isinstance(value, (list, dict))
    if schema.get("type") == "integer":
        return str(value).strip().isdecimal()
    return schema.get("type") == "string" and isinstance(value, (str, int, float, bool)) and "enum" not in schema
