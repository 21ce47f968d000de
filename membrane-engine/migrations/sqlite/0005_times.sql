-- The ids of runs begin with their time, so a time is found in the index of any listing.
DROP INDEX membrane_runs_created;
