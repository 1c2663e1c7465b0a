"""L1: carries an event to the Ingestion endpoint of another cloud."""
