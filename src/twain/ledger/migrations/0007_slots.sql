-- Room that is kept for sends in the hours of channels, sources and websites. loads: JSON, [resource, hour, amount] each.
insert into counters (name, value) values ('slots', 0);
create table slots (
    id text primary key,
    campaign text not null,
    channel text not null,
    begins {real} not null,
    ends {real} not null,
    until {real} not null,
    people {big} not null,
    loads text not null,
    person text not null,
    booked_at {real} not null,
    state text not null,
    exception text not null,
    run_id text not null,
    forecast text not null,
    measured text not null
);
create index slots_by_time on slots (until, begins);
create index slots_by_campaign on slots (campaign, begins);
