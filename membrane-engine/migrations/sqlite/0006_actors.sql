-- Who changed an element: a customer, a manager, an import or the engine. Of older changes the customer says it.
ALTER TABLE membrane_checkpoints ADD COLUMN actor TEXT;
