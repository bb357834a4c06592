-- What holds for all of a shard's people: their time zone and the quiet hours in it, as JSON; empty when there are none.
alter table shards add column quiet text not null default '';
