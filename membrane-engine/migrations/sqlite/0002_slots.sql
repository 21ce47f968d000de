-- A seat that one living row of a kind and customer can have, for what must be there once only.
ALTER TABLE membrane_elements ADD COLUMN slot TEXT;

CREATE UNIQUE INDEX membrane_elements_slot ON membrane_elements (
    workspace, kind, COALESCE(customer, ''), slot
) WHERE archived_at IS NULL AND slot IS NOT NULL;

-- A customer's connections of one app, and the copies of one element on a connection: few rows, where the
-- indexes of either side alone would walk many.
CREATE INDEX membrane_elements_customer_integration
    ON membrane_elements (workspace, kind, customer, integration, id) WHERE integration IS NOT NULL;
CREATE INDEX membrane_elements_copy ON membrane_elements (workspace, kind, connection, parent, id)
    WHERE connection IS NOT NULL AND parent IS NOT NULL;
