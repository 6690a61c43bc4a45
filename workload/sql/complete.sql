-- Prints t if the tables of pgbench hold all rows of :scale and have their primary keys (made last by the initialisation).
-- The rows are counted only when the keys are there.
select to_regclass('pgbench_history') is not null and count(*) = 3 as keyed
from pg_index
where indisprimary and indisvalid
    and indrelid in (to_regclass('pgbench_accounts'), to_regclass('pgbench_branches'), to_regclass('pgbench_tellers'))
\gset
\if :keyed
select (select count(*) from pgbench_branches) = :scale
    and (select count(*) from pgbench_tellers) = 10 * :scale
    and (select count(*) from pgbench_accounts) = 100000 * :scale;
\else
select false;
\endif
