-- People who were erased: HMACs of their addresses and keys, so that nothing about them is written down again.
create table erasures (
    subject {blob} primary key,
    at {real} not null,
    person text not null
);
