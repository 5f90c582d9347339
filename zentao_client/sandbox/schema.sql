-- The sandbox keeps only what its behaviour needs; columns carry ZenTao's field names.
CREATE TABLE IF NOT EXISTS "user" (
  id INTEGER PRIMARY KEY, account TEXT UNIQUE, password TEXT, realname TEXT, role TEXT DEFAULT '', gender TEXT
  DEFAULT 'm', admin INTEGER DEFAULT 0, groups TEXT DEFAULT '[]', fails INTEGER DEFAULT 0, locked TEXT, last
  TEXT, visits INTEGER DEFAULT 0, deleted INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS privgroup (
  id INTEGER PRIMARY KEY, name TEXT, privs TEXT DEFAULT '[]'
);
CREATE TABLE IF NOT EXISTS session (
  token TEXT PRIMARY KEY, account TEXT, kind TEXT, seen REAL, queries TEXT DEFAULT '{}', lastExecution INTEGER
  DEFAULT 0
);
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY, name TEXT, code TEXT UNIQUE, "key" TEXT, account TEXT, calledTime INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS product (
  id INTEGER PRIMARY KEY, name TEXT, program INTEGER DEFAULT 0, acl TEXT, PO TEXT, QD TEXT, RD TEXT, createdBy
  TEXT, createdDate TEXT, deleted INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS project (
  id INTEGER PRIMARY KEY, type TEXT, name TEXT, parent INTEGER DEFAULT 0, project INTEGER DEFAULT 0, "begin"
  TEXT, "end" TEXT, days INTEGER DEFAULT 0, acl TEXT DEFAULT 'open', PM TEXT DEFAULT '', status TEXT DEFAULT
  'wait', realBegan TEXT, openedBy TEXT, openedDate TEXT, products TEXT DEFAULT '[]', team TEXT DEFAULT '[]',
  "desc" TEXT DEFAULT '', deleted INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS task (
  id INTEGER PRIMARY KEY, project INTEGER, execution INTEGER, parent INTEGER DEFAULT 0, module INTEGER DEFAULT
  0, story INTEGER DEFAULT 0, name TEXT, type TEXT DEFAULT '', pri INTEGER DEFAULT 0, estimate REAL DEFAULT 0,
  consumed REAL DEFAULT 0, "left" REAL DEFAULT 0, deadline TEXT, estStarted TEXT, realStarted TEXT, status
  TEXT DEFAULT 'wait', "desc" TEXT DEFAULT '', mailto TEXT DEFAULT '', keywords TEXT DEFAULT '', version
  INTEGER DEFAULT 1, openedBy TEXT DEFAULT '', openedDate TEXT, assignedTo TEXT DEFAULT '', assignedDate TEXT,
  finishedBy TEXT DEFAULT '', finishedDate TEXT, canceledBy TEXT DEFAULT '', canceledDate TEXT, closedBy TEXT
  DEFAULT '', closedDate TEXT, closedReason TEXT DEFAULT '', lastEditedBy TEXT DEFAULT '', lastEditedDate
  TEXT, activatedDate TEXT, deleted INTEGER DEFAULT 0
);
CREATE INDEX IF NOT EXISTS task_edited ON task (deleted, lastEditedDate DESC, id DESC);
CREATE INDEX IF NOT EXISTS task_execution ON task (execution, deleted, status);
CREATE TABLE IF NOT EXISTS bug (
  id INTEGER PRIMARY KEY, project INTEGER DEFAULT 0, product INTEGER, execution INTEGER DEFAULT 0, module
  INTEGER DEFAULT 0, story INTEGER DEFAULT 0, task INTEGER DEFAULT 0, title TEXT, keywords TEXT DEFAULT '',
  severity INTEGER DEFAULT 3, pri INTEGER DEFAULT 3, type TEXT DEFAULT '', steps TEXT DEFAULT '', status TEXT
  DEFAULT 'active', confirmed INTEGER DEFAULT 0, activatedCount INTEGER DEFAULT 0, activatedDate TEXT, mailto
  TEXT DEFAULT '', openedBy TEXT DEFAULT '', openedDate TEXT, openedBuild TEXT DEFAULT '', assignedTo TEXT
  DEFAULT '', assignedDate TEXT, deadline TEXT, resolvedBy TEXT DEFAULT '', resolution TEXT DEFAULT '',
  resolvedBuild TEXT DEFAULT '', resolvedDate TEXT, closedBy TEXT DEFAULT '', closedDate TEXT, duplicateBug
  INTEGER DEFAULT 0, lastEditedBy TEXT DEFAULT '', lastEditedDate TEXT, deleted INTEGER DEFAULT 0
);
CREATE INDEX IF NOT EXISTS bug_keywords ON bug (product, keywords);
CREATE TABLE IF NOT EXISTS build (
  id INTEGER PRIMARY KEY, name TEXT, project INTEGER DEFAULT 0, execution INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS effort (
  id INTEGER PRIMARY KEY, task INTEGER, account TEXT, work TEXT DEFAULT '', date TEXT, consumed REAL, "left"
  REAL
);
CREATE TABLE IF NOT EXISTS action (
  id INTEGER PRIMARY KEY, objectType TEXT, objectID INTEGER, product TEXT DEFAULT '', project INTEGER DEFAULT
  0, execution INTEGER DEFAULT 0, actor TEXT, action TEXT, date TEXT, comment TEXT DEFAULT '', extra TEXT
  DEFAULT ''
);
CREATE INDEX IF NOT EXISTS action_object ON action (objectType, objectID, id);
CREATE INDEX IF NOT EXISTS action_date ON action (date DESC, id DESC);
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY, action INTEGER, field TEXT, "old" TEXT, "new" TEXT, diff TEXT DEFAULT ''
);
CREATE INDEX IF NOT EXISTS history_action ON history (action);
CREATE TABLE IF NOT EXISTS file (
  id INTEGER PRIMARY KEY, pathname TEXT, title TEXT, extension TEXT, size INTEGER, objectType TEXT DEFAULT '',
  objectID INTEGER DEFAULT 0, addedBy TEXT, addedDate TEXT, uid TEXT DEFAULT '', session TEXT DEFAULT '',
  content BLOB, deleted INTEGER DEFAULT 0
);
CREATE INDEX IF NOT EXISTS file_object ON file (objectType, objectID);
CREATE TABLE IF NOT EXISTS webhook (
  id INTEGER PRIMARY KEY, type TEXT, name TEXT, url TEXT, domain TEXT, secret TEXT DEFAULT '', contentType
  TEXT, sendType TEXT, params TEXT, products TEXT DEFAULT '', executions TEXT DEFAULT '', createdBy TEXT,
  createdDate TEXT, deleted INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS hookqueue (
  id INTEGER PRIMARY KEY, webhook INTEGER, body TEXT
);
CREATE TABLE IF NOT EXISTS hooklog (
  id INTEGER PRIMARY KEY, webhook INTEGER, action TEXT, date TEXT, url TEXT, data TEXT, result TEXT
);
