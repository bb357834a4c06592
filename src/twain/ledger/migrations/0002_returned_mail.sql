-- Mail that came back, one row a mail: what it was, whose message it was about, and what followed. batch is the file of the
-- delivery history it goes into, filed 1 once that file is true.
insert into counters (name, value) values ('returned', 0);
create table returned_mail (
    mail {blob} primary key,
    seq {big} not null,
    at {real} not null,
    via text not null,
    kind text not null,
    cause text not null,
    status text not null,
    words text not null,
    feedback text not null,
    proof text not null,
    believed integer not null,
    run_id text not null,
    shard integer not null,
    row_number integer not null,
    campaign text not null,
    feed text not null,
    recipient text not null,
    address_hash {blob} not null,
    sent_at {real} not null,
    followed text not null,
    batch {big},
    filed integer not null
);
create index returned_mail_by_seq on returned_mail (seq);
create index returned_mail_by_message on returned_mail (run_id, shard, row_number);
create index returned_mail_by_address on returned_mail (address_hash);
create index returned_mail_unfiled on returned_mail (seq) where filed = 0;
