-- Suppression gets a scope (all, channel:<name>, topic:<name>), an end (a pause), and whose it is: own = 1 is the person's own
-- wish, which they may take back. What one click stopped before was for everything, and it stays so.
create table suppression_scoped (
    address_hash {blob} not null,
    scope text not null,
    own integer not null,
    reason text not null,
    origin text not null,
    at {real} not null,
    until {real},
    seq {big} not null,
    primary key (address_hash, scope, own)
);
insert into suppression_scoped (address_hash, scope, own, reason, origin, at, until, seq)
select address_hash, 'all', case when substr(origin, 1, 10) = 'one-click:' then 1 else 0 end, reason, origin, at, null, seq
from suppression;
drop table suppression;
alter table suppression_scoped rename to suppression;
create index suppression_by_seq on suppression (seq);
