-- Every table carries the prefix, since a host may keep its own tables in the same file.

CREATE TABLE membrane_workspaces (
    id  TEXT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
);

CREATE TABLE membrane_elements (
    workspace    TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    customer     TEXT,
    key          TEXT,
    integration  TEXT,
    connection   TEXT,
    instance_key TEXT,
    parent       TEXT,
    name         TEXT NOT NULL,
    -- Name and key in lower case, joined by the unit separator.
    search       TEXT NOT NULL,
    revision     TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    archived_at  TEXT,
    doc          TEXT NOT NULL CHECK (json_valid(doc)),
    PRIMARY KEY (workspace, id)
);

-- NULL counts as equal to NULL here, hence COALESCE: a plain unique index would let twins in.
CREATE UNIQUE INDEX membrane_elements_key ON membrane_elements (
    workspace, kind, key,
    COALESCE(customer, ''), COALESCE(integration, ''), COALESCE(connection, ''), COALESCE(instance_key, '')
) WHERE archived_at IS NULL AND key IS NOT NULL;

CREATE INDEX membrane_elements_kind ON membrane_elements (workspace, kind, id);
CREATE INDEX membrane_elements_customer ON membrane_elements (workspace, kind, customer, id);
CREATE INDEX membrane_elements_integration ON membrane_elements (workspace, kind, integration, id)
    WHERE integration IS NOT NULL;
CREATE INDEX membrane_elements_connection ON membrane_elements (workspace, kind, connection, id)
    WHERE connection IS NOT NULL;
CREATE INDEX membrane_elements_parent ON membrane_elements (workspace, kind, parent, id)
    WHERE parent IS NOT NULL;

-- The document fields that are looked up on the way of every call.
CREATE INDEX membrane_elements_internal_id
    ON membrane_elements (workspace, kind, json_extract(doc, '$.internalId'), id)
    WHERE json_extract(doc, '$.internalId') IS NOT NULL;
CREATE INDEX membrane_elements_uuid
    ON membrane_elements (workspace, kind, json_extract(doc, '$.uuid'), id)
    WHERE json_extract(doc, '$.uuid') IS NOT NULL;

-- What is secret of an element: a connection's credentials, an integration's parameters.
CREATE TABLE membrane_sealed (
    -- Stays through updates, so a listing can go on after it.
    seq         INTEGER PRIMARY KEY,
    workspace   TEXT NOT NULL,
    element     TEXT NOT NULL,
    customer    TEXT,
    key_id      TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    ciphertext  BLOB NOT NULL,
    version     INTEGER NOT NULL,
    UNIQUE (workspace, element),
    FOREIGN KEY (workspace, element) REFERENCES membrane_elements (workspace, id)
);

CREATE TABLE membrane_runs (
    workspace          TEXT NOT NULL,
    id                 TEXT NOT NULL,
    kind               TEXT NOT NULL,
    customer           TEXT NOT NULL,
    integration        TEXT,
    connection         TEXT,
    action_universal   TEXT,
    action_integration TEXT,
    action_connection  TEXT,
    is_success         INTEGER NOT NULL,
    created_at         TEXT NOT NULL,
    requests           INTEGER NOT NULL,
    requests_failed    INTEGER NOT NULL,
    record             TEXT NOT NULL,
    -- The last column, so that a listing does not read through megabytes it does not show.
    exchanges          TEXT NOT NULL,
    PRIMARY KEY (workspace, kind, id)
);

-- A run is written with every call: an index here costs each of them more than it does elsewhere.
CREATE INDEX membrane_runs_customer ON membrane_runs (workspace, kind, customer, id);
CREATE INDEX membrane_runs_integration ON membrane_runs (workspace, kind, integration, id)
    WHERE integration IS NOT NULL;
CREATE INDEX membrane_runs_connection ON membrane_runs (workspace, kind, connection, id)
    WHERE connection IS NOT NULL;
CREATE INDEX membrane_runs_action_universal ON membrane_runs (workspace, kind, action_universal, id)
    WHERE action_universal IS NOT NULL;
CREATE INDEX membrane_runs_action_integration ON membrane_runs (workspace, kind, action_integration, id)
    WHERE action_integration IS NOT NULL;
CREATE INDEX membrane_runs_action_connection ON membrane_runs (workspace, kind, action_connection, id)
    WHERE action_connection IS NOT NULL;
CREATE INDEX membrane_runs_failed ON membrane_runs (workspace, kind, id) WHERE is_success = 0;
CREATE INDEX membrane_runs_requests_failed ON membrane_runs (workspace, kind, id) WHERE requests_failed > 0;
CREATE INDEX membrane_runs_created ON membrane_runs (workspace, created_at, id);
