-- CreateTable
CREATE TABLE "Patch" (
    "gameId" TEXT NOT NULL,
    "fromVersion" TEXT NOT NULL,
    "toVersion" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rank" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "reason" TEXT,
    "lengthBytes" BIGINT,
    "writtenBytes" BIGINT,
    "oldReadBytes" BIGINT,
    "infohashV1" TEXT,
    "infohashV2" TEXT,
    "piecesRoot" TEXT,
    "torrentPiecesRoot" TEXT,
    "updatedAt" DATETIME NOT NULL,

    PRIMARY KEY ("gameId", "fromVersion", "toVersion"),
    CONSTRAINT "Patch_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PatchListing" (
    "gameId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "bytes" BLOB NOT NULL,

    PRIMARY KEY ("gameId", "version"),
    CONSTRAINT "PatchListing_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "VersionUse" (
    "gameId" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "day" INTEGER NOT NULL,
    "updates" INTEGER NOT NULL,
    "peers" INTEGER NOT NULL,

    PRIMARY KEY ("gameId", "version", "day"),
    CONSTRAINT "VersionUse_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
