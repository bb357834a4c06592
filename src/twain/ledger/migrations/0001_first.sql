-- The ledger's first shape. {blob}, {real}, {big} and {serial} stand for each database's own word.
create table meta (
    key text primary key,
    value text not null
);
create table counters (
    name text primary key,
    value {big} not null
);
insert into counters (name, value) values ('suppression', 0);

create table bundles (
    hash text primary key,
    campaign text not null,
    body text not null,
    published_at {real} not null
);
create table approvals (
    bundle text not null references bundles (hash),
    person text not null,
    role text not null,
    at {real} not null,
    note text not null,
    primary key (bundle, person, role)
);
create table links (
    bundle text not null,
    number integer not null,
    target text not null,
    primary key (bundle, number)
);

create table runs (
    id text primary key,
    bundle text not null references bundles (hash),
    campaign text not null,
    state text not null,
    channel text not null,
    crash_policy text not null,
    person text not null,
    created_at {real} not null,
    not_after {real},
    sealed_key {blob} not null,
    funnel text,
    started_at {real},
    ended_at {real},
    scope text not null
);
create index runs_by_time on runs (created_at);
create table run_events (
    seq {serial},
    run_id text not null references runs (id),
    at {real} not null,
    kind text not null,
    business text not null,
    technical text not null,
    person text not null
);
create index run_events_by_run on run_events (run_id, seq);

create table workers (
    id text primary key,
    journal text not null,
    boot_id text not null,
    pid {big} not null
);
-- A shard with its lease. expires_at is null when nobody holds it; it is on the lease clock of its era.
create table shards (
    run_id text not null references runs (id),
    number integer not null,
    row_count integer not null,
    lane text not null,
    path text not null,
    sha256 text not null,
    not_before {real} not null,
    claimed integer not null,
    sent integer not null,
    failed integer not null,
    suppressed integer not null,
    uncertain integer not null,
    reasons text not null,
    fence {big} not null,
    holder text,
    expires_at {real},
    era text not null,
    archived_path text,
    archived_sha256 text,
    pruned integer not null,
    primary key (run_id, number)
);
-- A window is open while fates is null. row_numbers is null when its rows are first_row, first_row + 1, …
create table windows (
    id {serial},
    run_id text not null,
    shard integer not null,
    first_row integer not null,
    row_count integer not null,
    row_numbers {blob},
    attempts {blob},
    worker text not null,
    fence {big} not null,
    token text not null,
    fates {blob},
    detail {blob}
);
create index windows_by_shard on windows (run_id, shard);
create index windows_open on windows (run_id, shard) where fates is null;
create table retries (
    run_id text not null,
    shard integer not null,
    row_number integer not null,
    due_at {real} not null,
    era text not null,
    attempts integer not null,
    reason text not null,
    reply text not null,
    primary key (run_id, shard, row_number)
);
create index retries_by_due on retries (run_id, shard, due_at);

create table lanes (
    channel text not null,
    lane text not null,
    next_at {real} not null,
    hour text not null,
    slow {real} not null,
    slow_at {real} not null,
    tick_at {real} not null,
    wall_at {real} not null,
    era text not null,
    primary key (channel, lane)
);

create table suppression (
    address_hash {blob} primary key,
    reason text not null,
    origin text not null,
    at {real} not null,
    seq {big} not null
);
create index suppression_by_seq on suppression (seq);
create table stops (
    scope text primary key,
    person text not null,
    why text not null,
    at {real} not null
);
create table checks (
    feed text primary key,
    figures text not null,
    at {real} not null
);
create table audit (
    seq {serial},
    at {real} not null,
    person text not null,
    action text not null,
    subject text not null
);
