-- Suppression gets a scope (all, channel:<name>, topic:<name>), an end (a pause), and whose it is: own = 1 is the person's own
-- wish, which they may take back. What one click stopped before was for everything, and it stays so.
drop index suppression_by_seq;
alter table suppression rename to suppression_before;
create table suppression (
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
insert into suppression (address_hash, scope, own, reason, origin, at, until, seq)
select address_hash, 'all', case when substr(origin, 1, 10) = 'one-click:' then 1 else 0 end, reason, origin, at, null, seq
from suppression_before;
drop table suppression_before;
create index suppression_by_seq on suppression (seq);
