-- A sender that is warmed up: what was reserved on each day, as JSON [date, its number in the ramp, messages].
alter table lanes add column days text not null default '[]';
-- Where a window was counted, as JSON [[row, date]]: what of it was never begun is counted back.
alter table windows add column warming text not null default '';
