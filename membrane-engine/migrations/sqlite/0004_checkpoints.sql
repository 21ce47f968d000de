-- What each element was after its changes. What is sealed of it is no part of this.
CREATE TABLE membrane_checkpoints (
    workspace TEXT NOT NULL,
    element   TEXT NOT NULL,
    number    INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    customer  TEXT,
    made_by   TEXT,
    made_at   TEXT NOT NULL,
    revision  TEXT NOT NULL,
    -- The columns of the row that can change, and its document.
    content   TEXT NOT NULL,
    PRIMARY KEY (workspace, element, number)
);
