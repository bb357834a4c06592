-- What people sent by forms, with the proof of what they agreed to. The answers are sealed, and gone once they went on.
create table signups (
    id {blob} primary key,
    form text not null,
    state text not null,
    address_hash {blob} not null,
    at {real} not null,
    language text not null,
    topic text not null,
    version text not null,
    text_hash {blob} not null,
    network text not null,
    sealed {blob} not null,
    expires_at {real} not null,
    confirmed_at {real} not null,
    confirmed_from text not null,
    mail_due {real} not null,
    mailed_at {real} not null,
    mail_tries integer not null,
    mail_problem text not null
);
create index signups_by_address on signups (address_hash, form);
create index signups_by_network on signups (network, at);
create index signups_to_mail on signups (mail_due) where state = 'pending' and mailed_at = 0;
-- What has to be written into a system of IT's, each once: leads, consents given and taken back.
create table outgoing (
    id text primary key,
    kind text not null,
    about text not null,
    intake text not null,
    address_hash {blob} not null,
    at {real} not null,
    sealed {blob} not null,
    state text not null,
    due {real} not null,
    give_up_at {real} not null,
    tries integer not null,
    problem text not null,
    written_at {real} not null
);
create index outgoing_waiting on outgoing (due) where state = 'waiting';
create index outgoing_by_time on outgoing (at);
create index outgoing_by_address on outgoing (address_hash);
