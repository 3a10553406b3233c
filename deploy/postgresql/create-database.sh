#!/bin/sh
# Runs once, when the container of PostgreSQL makes its data folder: the database, and the role that owns it.
# The role that Grafana reads with is made later by `calltally database grant-reader`.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password CALLTALLY_DATABASE_PASSWORD
CREATE ROLE calltally LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE calltally OWNER calltally TEMPLATE template0 ENCODING 'UTF8';
SQL
