-- Closes what is open, opens a record for step :name with :clients sessions, and forgets what is older than 72 hours.
begin;
update workload.pattern set ended_at = now() where ended_at is null;
insert into workload.pattern (name, clients, started_at) values (:'name', :clients, now());
delete from workload.pattern where started_at < now() - interval '72 hours';
commit;
