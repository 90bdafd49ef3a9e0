-- A delivery that a relay took and of which somebody says that it came back is taken, with an error.
CREATE INDEX outbox_doubtful ON outbox (number) WHERE state = 'taken' AND last_error IS NOT NULL;
