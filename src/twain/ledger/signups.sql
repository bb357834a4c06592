-- Queries about forms and what goes on to IT's systems (see queries.py for the form).

-- name: signup_add
insert into signups (id, form, state, address_hash, at, language, topic, version, text_hash, network, sealed, expires_at,
confirmed_at, confirmed_from, mail_due, mailed_at, mail_tries, mail_problem)
values (:id, :form, :state, :address_hash, :at, :language, :topic, :version, :text_hash, :network, :sealed, :expires_at,
:confirmed_at, :confirmed_from, :mail_due, :mailed_at, :mail_tries, :mail_problem)
-- name: signup_from_network
select count(*) as number from signups where network = :network and at > :since
-- name: signup_lock
--pg select pg_advisory_xact_lock(7489412)
--lite select 1
-- name: signup_pending
select * from signups where address_hash = :address_hash and form = :form and state = 'pending' and expires_at > :now
-- name: signup_again
update signups set sealed = :sealed, at = :at, language = :language, version = :version, text_hash = :text_hash,
network = :network, mail_due = case when mailed_at > 0 then :again else mail_due end,
mailed_at = case when mailed_at > 0 and mailed_at <= :at - :pause then 0 else mailed_at end where id = :id
-- name: signup_one
select * from signups where id = :id
-- name: signup_to_mail
select id from signups where state = 'pending' and mailed_at = 0 and mail_due <= :now and expires_at > :now
order by mail_due limit :limit
-- name: signup_take_mail
update signups set mail_due = :until, mail_tries = mail_tries + 1
where id = :id and state = 'pending' and mailed_at = 0 and mail_due <= :now and expires_at > :now
-- name: signup_last_mail
select max(case when mailed_at > 0 then mailed_at else mail_due - :pause end) as at from signups
where address_hash = :address_hash and id <> :id and mail_tries > 0
-- name: signup_put_off
update signups set mail_due = :until where id = :id
-- name: signup_mailed
update signups set mailed_at = :mailed_at, mail_due = :mail_due, mail_problem = :problem where id = :id and state = 'pending'
-- name: signup_confirm
update signups set state = 'confirmed', confirmed_at = :now, confirmed_from = :network, sealed = :nothing
where id = :id and state = 'pending' and expires_at > :now
-- name: signup_expire
update signups set state = 'expired', sealed = :nothing where state = 'pending' and expires_at <= :now
-- name: signup_of
select * from signups where address_hash = :address_hash order by at
-- name: signup_tally
select form, state, count(*) as number, count(case when mail_problem <> '' and mailed_at = 0 then 1 end) as unmailed
from signups group by form, state order by form, state
-- name: signup_forget
delete from signups where address_hash = :address_hash

-- name: outgoing_add
insert into outgoing (id, kind, about, intake, address_hash, at, sealed, state, due, give_up_at, tries, problem, written_at)
values (:id, :kind, :about, :intake, :address_hash, :at, :sealed, :state, :due, :give_up_at, :tries, :problem, :written_at)
on conflict (id) do nothing
-- name: outgoing_due
select id, intake from (
  select id, intake, due, row_number() over (partition by intake order by due, id) as place
  from outgoing where state = 'waiting' and due <= :now
) as waiting where place <= :limit order by due, id
-- name: outgoing_take
update outgoing set due = :until, tries = tries + 1 where id = :id and state = 'waiting' and due <= :now
-- name: outgoing_one
select * from outgoing where id = :id
-- name: outgoing_settle
update outgoing set state = :state, due = :due, problem = :problem, written_at = :written_at, sealed = :sealed
where id = :id and state = 'waiting'
-- name: intake_tries
select key, value from meta where key >= :first and key < :after order by key
-- name: outgoing_retry
update outgoing set state = 'waiting', due = :now, give_up_at = :give_up_at where id = :id and state <> 'written'
-- name: outgoing_page
select * from outgoing where (:state = '' or state = :state) and (:kind = '' or kind = :kind) order by at desc, id limit :limit
-- name: outgoing_lag
select kind, intake, state, count(*) as number, min(at) as oldest from outgoing where state <> 'written'
group by kind, intake, state order by kind, intake, state
-- name: outgoing_tally
select kind, about, intake, state, count(*) as number, min(at) as oldest, max(written_at) as written_at from outgoing
group by kind, about, intake, state order by kind, about, intake, state
-- name: outgoing_forget
delete from outgoing where address_hash = :address_hash and state <> 'written'
-- name: outgoing_unname
update outgoing set address_hash = :nobody, about = '' where address_hash = :address_hash
