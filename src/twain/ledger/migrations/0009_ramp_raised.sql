-- When a batch may go by its own wave: what else has put it off (quiet hours, a day's number that is used up) can be taken back.
alter table shards add column planned {real} not null default 0;
update shards set planned = not_before;
