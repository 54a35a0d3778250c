-- Who has which identity, and which invitations and sessions there are.
-- Times are milliseconds since 1970 in UTC. Codes and sessions are kept as hashes only.

-- A person as a provider knows them. Whoever came by an invitation has the issuer
-- 'invitation', a stranger 'guest'; no provider can have either, because those are addresses.
CREATE TABLE person (
    id         INTEGER PRIMARY KEY,
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    made       INTEGER NOT NULL,
    -- Tokens of the provider that were made before no longer count.
    signed_out INTEGER NOT NULL DEFAULT 0,
    UNIQUE (issuer, subject)
) STRICT;

-- All identities a person ever had, because whoever asks to be forgotten means all of them.
CREATE TABLE identity (
    raw_id TEXT    NOT NULL PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (id),
    made   INTEGER NOT NULL,
    -- When the resource said that it knows it no longer.
    gone   INTEGER
) STRICT;

CREATE UNIQUE INDEX current_identity ON identity (person) WHERE gone IS NULL;

CREATE TABLE invitation (
    hash    BLOB    NOT NULL PRIMARY KEY,
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    -- The scopes it allows, separated by commas; NULL: what the settings allow.
    scopes  TEXT,
    -- Who it is for, in the words of who made it.
    note    TEXT,
    used    INTEGER
) STRICT;

CREATE TABLE session (
    hash    BLOB    NOT NULL PRIMARY KEY,
    person  INTEGER NOT NULL REFERENCES person (id),
    scopes  TEXT,
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    -- When it was signed out; it can still be signed out again, and nothing else.
    ended   INTEGER
) STRICT;

CREATE INDEX session_of_person ON session (person);
