-- The ledger's queries, by name. Lines marked --pg or --lite belong to one dialect (see queries.py).

-- name: meta_get
select value from meta where key = :key
-- name: meta_set
insert into meta (key, value) values (:key, :value) on conflict (key) do update set value = excluded.value
-- name: audit_add
insert into audit (at, person, action, subject) values (:at, :person, :action, :subject)

-- name: bundle_add
insert into bundles (hash, campaign, body, published_at) values (:hash, :campaign, :body, :at)
on conflict (hash) do nothing
-- name: bundle_get
select hash, campaign, body from bundles where hash = :hash
-- name: approval_add
insert into approvals (bundle, person, role, at, note) values (:bundle, :person, :role, :at, :note)
on conflict (bundle, person, role) do nothing
-- name: approval_list
select bundle, person, role, at, note from approvals where bundle = :bundle order by at, person, role
-- name: link_add
insert into links (bundle, number, target) values (:bundle, :number, :target) on conflict (bundle, number) do nothing
-- name: link_list
select number, target from links where bundle = :bundle order by number
-- name: check_set
insert into checks (feed, figures, at) values (:feed, :figures, :at)
on conflict (feed) do update set figures = excluded.figures, at = excluded.at
-- name: check_get
select figures from checks where feed = :feed
-- name: check_list
select feed, figures from checks where feed >= :first and feed < :after order by feed

-- name: run_add
insert into runs (id, bundle, campaign, state, channel, crash_policy, person, created_at, not_after, sealed_key, funnel,
                  started_at, ended_at, scope)
values (:id, :bundle, :campaign, :state, :channel, :crash_policy, :person, :created_at, :not_after, :sealed_key, :funnel,
        :started_at, :ended_at, :scope)
on conflict (id) do nothing
-- name: run_get
select * from runs where id = :id
-- name: run_lock
select * from runs where id = :id
--pg for update
-- name: run_prefixed
select * from runs where substr(id, 1, length(:id)) = :id order by created_at desc limit 6
-- name: run_ids
select id from runs order by created_at desc limit 500
-- name: run_list
select * from runs
where (:campaign = '' or campaign = :campaign)
--lite and (:every = 1 or state in (select value from json_each(:states)))
--pg and (:every = 1 or state = any(:states))
order by created_at desc, id desc limit :limit
-- name: run_move
update runs set state = :state, started_at = :started_at, ended_at = :ended_at where id = :id
-- name: run_manifest
update runs set state = 'sending', funnel = :funnel, sealed_key = :sealed_key, started_at = :at where id = :id
-- name: run_forget_key
--lite update runs set sealed_key = x'' where id = :id
--pg update runs set sealed_key = ''::bytea where id = :id
-- name: event_add
insert into run_events (run_id, at, kind, business, technical, person)
values (:run_id, :at, :kind, :business, :technical, :person)
-- name: event_list
select run_id, at, kind, business, technical, person from run_events where run_id = :run_id order by seq

-- name: shard_add
insert into shards (run_id, number, row_count, lane, path, sha256, not_before, planned, quiet, claimed, sent, failed,
                    suppressed, uncertain, reasons, fence, era, pruned)
values (:run_id, :number, :row_count, :lane, :path, :sha256, :not_before, :not_before, :quiet, 0, 0, 0, 0, 0, '{}', 0, '', 0)
-- name: shard_list
select * from shards where run_id = :run_id order by number
-- name: shard_get
select * from shards where run_id = :run_id and number = :shard
-- name: shard_lock
select * from shards where run_id = :run_id and number = :shard
--pg for update
-- name: shard_settled
select * from shards s where run_id = :run_id and archived_sha256 is null
and sent + failed + suppressed + uncertain = row_count
and not exists (select 1 from windows w where w.run_id = s.run_id and w.shard = s.number and w.fates is null)
order by number
-- name: shard_count
update shards set sent = sent + :sent, failed = failed + :failed, suppressed = suppressed + :suppressed,
uncertain = uncertain + :uncertain, reasons = :reasons
where run_id = :run_id and number = :shard
-- name: shard_archived
update shards set archived_path = :path, archived_sha256 = :sha256 where run_id = :run_id and number = :shard
-- name: shard_finish
update shards set claimed = row_count where run_id = :run_id and number = :shard
-- name: shard_undecided
select s.*, (select min(due_at) from retries r where r.run_id = s.run_id and r.shard = s.number and r.era = :era) as due,
(select count(*) from retries r where r.run_id = s.run_id and r.shard = s.number) as waiting
from shards s where s.run_id = :run_id and sent + failed + suppressed + uncertain < row_count order by number
-- name: tally
select run_id, sum(row_count) as audience, sum(sent) as sent, sum(failed) as failed,
sum(suppressed) as suppressed, sum(uncertain) as uncertain
from shards
--lite where run_id in (select value from json_each(:runs))
--pg where run_id = any(:runs)
group by run_id
-- name: tally_reasons
select run_id, reasons from shards where reasons <> '{}'
--lite and run_id in (select value from json_each(:runs))
--pg and run_id = any(:runs)

-- name: gate
select r.*, (select value from meta where key = 'needs_reconciling') as reconciling,
(select min(scope) from stops where scope = 'all' or scope = 'channel:' || r.channel) as stopped
from runs r where r.id = :run_id
-- name: leasable
select s.* from shards s where s.run_id = :run_id
and (s.expires_at is null or s.era <> :era or s.expires_at + :grace <= :tick)
and (exists (select 1 from windows w where w.run_id = s.run_id and w.shard = s.number and w.fates is null)
     or (:sendable = 1 and s.not_before <= :wall and (s.claimed < s.row_count or exists (
         select 1 from retries t where t.run_id = s.run_id and t.shard = s.number
         and (t.due_at <= :tick or t.era <> :era)))))
--lite order by s.lane in (select value from json_each(:held)), s.number limit 1
--pg order by s.lane = any(:held), s.number limit 1 for update of s skip locked
-- name: worker_add
insert into workers (id, journal, boot_id, pid) values (:id, :journal, :boot_id, :pid)
on conflict (id) do update set journal = excluded.journal, boot_id = excluded.boot_id, pid = excluded.pid
-- name: lease_grant
update shards set fence = :fence, holder = :holder, expires_at = :expires_at, era = :era
where run_id = :run_id and number = :shard
-- name: lease_renew
update shards set expires_at = :expires_at, era = :era
where run_id = :run_id and number = :shard and fence = :fence and holder = :holder
-- name: lease_release
update shards set expires_at = null, holder = null
where run_id = :run_id and number = :shard and fence = :fence and holder = :holder
-- name: lease_holders
select distinct k.id, k.journal, k.boot_id, k.pid from shards s join workers k on k.id = s.holder where s.run_id = :run_id
-- name: worker_expel
update shards set expires_at = null, holder = null where holder = :holder
-- name: window_orphans
select w.*, k.journal, k.boot_id, k.pid from windows w join workers k on k.id = w.worker
where w.run_id = :run_id and w.shard = :shard and w.fates is null order by w.id
-- name: window_doubtful
select * from windows where run_id = :run_id and shard = :shard and fence = :fence and token = :token and fates is null

-- name: claim_state
select s.row_count, s.claimed, s.lane, s.fence, s.holder, s.expires_at, s.era, s.not_before,
r.state, r.channel, r.not_after,
(select value from meta where key = 'needs_reconciling') as reconciling,
(select min(scope) from stops where scope = 'all' or scope = 'channel:' || r.channel) as stopped,
(select min(case when t.era = :era then t.due_at else 0 end) from retries t
 where t.run_id = s.run_id and t.shard = s.number) as due
from shards s join runs r on r.id = s.run_id where s.run_id = :run_id and s.number = :shard
--pg for update of s
-- name: claim_retries
select row_number, attempts from retries where run_id = :run_id and shard = :shard
and (due_at <= :tick or era <> :era) order by row_number limit :limit
-- name: retries_taken
delete from retries where run_id = :run_id and shard = :shard
--lite and row_number in (select value from json_each(:taken))
--pg and row_number = any(:taken)
-- name: window_again
insert into windows (run_id, shard, first_row, row_count, row_numbers, attempts, worker, fence, token, warming)
values (:run_id, :shard, :first_row, :row_count, :row_numbers, :attempts, :worker, :fence, :token, :warming) returning id
-- name: window_new
insert into windows (run_id, shard, first_row, row_count, worker, fence, token, warming)
values (:run_id, :shard, :first_row, :row_count, :worker, :fence, :token, :warming) returning id
-- name: shard_wait
update shards set not_before = :not_before where run_id = :run_id and number = :shard
-- name: run_wait
update shards set not_before = :not_before where run_id = :run_id and number in (select s.number from shards s
where s.run_id = :run_id and s.not_before < :not_before and s.sent + s.failed + s.suppressed + s.uncertain < s.row_count
--pg for update skip locked
)
-- name: run_wake
update shards set not_before = planned where run_id = :run_id and number in (select s.number from shards s
where s.run_id = :run_id and s.not_before > s.planned and s.sent + s.failed + s.suppressed + s.uncertain < s.row_count
--pg for update skip locked
)
-- name: shard_claimed
update shards set claimed = claimed + :row_count where run_id = :run_id and number = :shard

-- name: settle_state
select s.fence, s.reasons, w.fates, w.first_row, w.row_count, w.row_numbers, w.attempts, w.warming
from shards s join windows w on w.run_id = s.run_id and w.shard = s.number
where s.run_id = :run_id and s.number = :shard and w.id = :window
--pg for update of s
-- name: window_settle
update windows set fates = :fates, detail = :detail where id = :window
-- name: retry_add
insert into retries (run_id, shard, row_number, due_at, era, attempts, reason, reply)
values (:run_id, :shard, :row_number, :due_at, :era, :attempts, :reason, :reply)
-- name: retry_list
select row_number from retries where run_id = :run_id and shard = :shard order by row_number
-- name: retry_clear
delete from retries where run_id = :run_id and shard = :shard
-- name: window_list
select id, first_row, row_count, row_numbers, fates, detail from windows
where run_id = :run_id and shard = :shard and fates is not null order by id
-- name: window_refate
update windows set fates = :fates where id = :window
-- name: window_prune
delete from windows where run_id = :run_id
-- name: shard_prune
update shards set pruned = 1 where run_id = :run_id
-- name: prunable
select id from runs r where state in ('finished', 'cancelled', 'expired') and ended_at < :before
and not exists (select 1 from shards s where s.run_id = r.id and (s.archived_sha256 is null or s.uncertain > 0))
and exists (select 1 from shards s where s.run_id = r.id and s.pruned = 0)

-- name: lane_add
insert into lanes (channel, lane, next_at, hour, slow, slow_at, tick_at, wall_at, era)
values (:channel, :lane, 0, '[]', 1, 0, :tick, :wall, :era) on conflict (channel, lane) do nothing
-- name: lane_lock
select * from lanes where channel = :channel and lane = :lane
--pg for update
-- name: lane_days
update lanes set days = :days where channel = :channel and lane = :lane
-- name: lane_get
select * from lanes where channel = :channel and lane = :lane
-- name: lane_set
update lanes set next_at = :next_at, hour = :hour, slow = :slow, slow_at = :slow_at, tick_at = :tick_at,
wall_at = :wall_at, era = :era
where channel = :channel and lane = :lane

-- name: counter_take
update counters set value = value + :step where name = :name returning value
-- name: counter_get
select value from counters where name = :name
-- name: suppression_add
insert into suppression (address_hash, scope, own, reason, origin, at, until, seq)
values (:address_hash, :scope, :own, :reason, :origin, :at, :until, :seq)
on conflict (address_hash, scope, own) do update set reason = excluded.reason, origin = excluded.origin, at = excluded.at,
until = excluded.until, seq = excluded.seq
where suppression.until is not null and (excluded.until is null or excluded.until > suppression.until)
-- name: suppression_drop
delete from suppression where address_hash = :address_hash
-- name: suppression_take_back
delete from suppression where address_hash = :address_hash and scope = :scope and own = 1
-- name: suppression_drop_wishes
delete from suppression where address_hash = :address_hash and (own = 1 or scope <> 'all')
-- name: suppression_since
select address_hash, seq from suppression where seq > :seq and (until is null or until > :now)
--pg and (:every = 1 or scope = any(:scopes))
--lite and (:every = 1 or scope in (select value from json_each(:scopes)))
order by seq
-- name: suppression_of
select * from suppression where address_hash = :address_hash and (until is null or until > :now)
order by case when scope = 'all' then 0 when substr(scope, 1, 8) = 'channel:' then 1 else 2 end, own, seq
-- name: suppression_page
select * from suppression where seq > :seq order by seq limit :limit
-- name: returned_add
insert into returned_mail (mail, seq, at, via, kind, cause, status, words, feedback, proof, believed, run_id, shard, row_number,
campaign, feed, recipient, address_hash, sent_at, followed, batch, filed)
values (:mail, :seq, :at, :via, :kind, :cause, :status, :words, :feedback, :proof, :believed, :run_id, :shard, :row_number,
:campaign, :feed, :recipient, :address_hash, :sent_at, :followed, null, 0)
on conflict (mail) do nothing
-- name: returned_followed
update returned_mail set followed = :followed where mail = :mail
-- name: returned_soft
select run_id, min(sent_at) as sent_at from returned_mail
where address_hash = :address_hash and kind = 'bounce' and cause = 'soft' and believed = 1
and sent_at between :first and :last group by run_id
-- name: returned_page
select * from returned_mail where seq < :seq and believed <= :believed and (:run_id = '' or run_id = :run_id)
order by seq desc limit :limit
-- name: returned_message
select * from returned_mail where run_id = :run_id and shard = :shard and row_number = :row_number and believed = 1 order by seq
-- name: returned_counts
select kind, cause, count(distinct shard * 16777216 + row_number) as people from returned_mail
where run_id = :run_id and believed = 1 group by kind, cause
-- name: returned_next_batch
select min(seq) as first, max(seq) as last from
(select seq from returned_mail where filed = 0 and batch is null order by seq limit :limit) as waiting
-- name: returned_take_batch
update returned_mail set batch = :batch where filed = 0 and batch is null and seq between :batch and :last
-- name: returned_batches
select distinct batch from returned_mail where filed = 0 and batch is not null order by batch
-- name: returned_batch
select * from returned_mail where batch = :batch order by seq
-- name: returned_old
update returned_mail set recipient = '', address_hash = :nobody, words = ''
where filed = 1 and at < :before and (recipient <> '' or words <> '')
-- name: returned_filed
update returned_mail set filed = 1 where batch = :batch
-- name: erasure_add
insert into erasures (subject, at, person) values (:subject, :at, :person) on conflict (subject) do nothing
-- name: erasure_list
select subject from erasures
-- name: run_unname
update runs set scope = 'to:' where scope = :named
-- name: returned_unname
update returned_mail set recipient = '', address_hash = :nobody, words = ''
where (feed = :feed and recipient = :key) or address_hash = :address_hash
-- name: stop_set
insert into stops (scope, person, why, at) values (:scope, :person, :why, :at)
on conflict (scope) do update set person = excluded.person, why = excluded.why, at = excluded.at
-- name: stop_lift
delete from stops where scope = :scope
-- name: stop_list
select scope, person, why, at from stops order by at, scope
-- name: stop_get
select scope, person, why, at from stops where scope = :scope

-- name: restored_hold
update runs set state = 'held' where state in ('planned', 'checked', 'snapshotting', 'sending', 'paused', 'reconciling')
-- name: restored_running
select id from runs where state in ('planned', 'checked', 'snapshotting', 'sending', 'paused', 'reconciling')
-- name: restored_leases
update shards set holder = null, expires_at = null

-- name: slot_overlapping
select * from slots where state <> 'released' and begins < :until and until > :since order by begins, id
-- name: slot_set
insert into slots (id, campaign, channel, begins, ends, until, people, loads, person, booked_at, state, exception, run_id,
forecast, measured) values (:id, :campaign, :channel, :begins, :ends, :until, :people, :loads, :person, :booked_at, :state,
:exception, :run_id, :forecast, :measured)
on conflict (id) do update set campaign = excluded.campaign, begins = excluded.begins, ends = excluded.ends, until = excluded.until,
people = excluded.people, loads = excluded.loads, state = excluded.state, exception = excluded.exception,
person = excluded.person, run_id = excluded.run_id, measured = excluded.measured
-- name: slot_release
update slots set state = 'released' where id = :id and state = 'booked'
