-- Which record of an app belongs to which of the product, in a connection's copy of a data link table.
CREATE TABLE membrane_links (
    workspace       TEXT NOT NULL,
    id              TEXT NOT NULL,
    customer        TEXT NOT NULL,
    -- The element that is the table on the connection.
    link_table      TEXT NOT NULL,
    direction       TEXT NOT NULL,
    app_record      TEXT NOT NULL,
    external_record TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, link_table) REFERENCES membrane_elements (workspace, id)
);

CREATE UNIQUE INDEX membrane_links_triple
    ON membrane_links (workspace, link_table, direction, external_record, app_record);

CREATE INDEX membrane_links_table ON membrane_links (workspace, link_table, id);
CREATE INDEX membrane_links_app ON membrane_links (workspace, link_table, app_record, id);
CREATE INDEX membrane_links_external ON membrane_links (workspace, link_table, external_record, id);
