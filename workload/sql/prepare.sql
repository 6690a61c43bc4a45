-- The generator's diary. "create schema if not exists" would need a right on the database even when the schema is there.
select to_regnamespace('workload') is null as no_schema \gset
\if :no_schema
create schema workload;
\endif
set client_min_messages = warning;
create table if not exists workload.pattern (
    id bigserial primary key,
    name text not null,
    clients int not null,
    started_at timestamptz not null,
    ended_at timestamptz
);
