-- One row of each kind as the first schema held it: for the test of the migrations after it.
INSERT INTO account (id, code) VALUES (1, 'demo');
INSERT INTO channel (id, account, name, type, config) VALUES (1, 1, 'sms', 'http_json', '{}');
INSERT INTO bundle (id, hash, main) VALUES (1, 'h', 'main.js');
INSERT INTO service (id, account, name, kind, config, bundle) VALUES (1, 1, 'clinic', 'script', '{}', 1);
INSERT INTO message (seq, id, account, channel, service, direction, status, address, content, root, provider_id, created_at)
VALUES
    (1, x'0193583ffb1c7a0ea2d94b6c0a3f5e11', 1, 1, 1, 0, 2, 'tel:+1', 'hi', NULL, 'p-1', 1700000000000000),
    (2, x'0193583ffb1c7a0ea2d94b6c0a3f5e12', 1, 1, 1, 1, 4, 'tel:+1', 'yes', 1, 'c-1', 1700000000000001);
INSERT INTO message_event (message, part, id, at, kind) VALUES (2, 1, x'0193583ffb1c7a0ea2d94b6c0a3f5e13', 2, 'ack');
INSERT INTO trace (message, part, lines) VALUES (1, 1, '[]');
INSERT INTO session (channel, key, address, is_open, started_at, last_at, expires_at) VALUES (1, 's', 'tel:+1', 1, 1, 1, 2);
INSERT INTO kv (service, key, value) VALUES (1, 'k', '1');
INSERT INTO kv_count (service, keys) VALUES (1, 1);
INSERT INTO metric (service, minute, store, name, agg, value, samples) VALUES (1, 1, 'default', 'm', 'sum', 1, 1);
INSERT INTO service_log (service, part, at, level, message) VALUES (1, 1, 1, 'info', 'hello');
INSERT INTO queue (message, kind, channel, due_at, lease) VALUES (2, 1, 1, 1, 0);
