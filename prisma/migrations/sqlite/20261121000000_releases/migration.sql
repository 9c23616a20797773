-- CreateTable
CREATE TABLE "Game" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rootFingerprint" TEXT,
    "onlineKeyId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "Release" (
    "gameId" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "lengthBytes" BIGINT NOT NULL,
    "fileCount" INTEGER NOT NULL,
    "infohashV1" TEXT NOT NULL,
    "infohashV2" TEXT NOT NULL,
    "notes" TEXT,
    "manifestPiecesRoot" TEXT NOT NULL,
    "manifestSha256" TEXT NOT NULL,
    "torrentPiecesRoot" TEXT NOT NULL,
    "publishedAt" DATETIME NOT NULL,

    PRIMARY KEY ("gameId", "version"),
    CONSTRAINT "Release_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Channel" (
    "gameId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "rollout" REAL,
    "updatedAt" DATETIME NOT NULL,

    PRIMARY KEY ("gameId", "name"),
    CONSTRAINT "Channel_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "Channel_gameId_version_fkey" FOREIGN KEY ("gameId", "version") REFERENCES "Release" ("gameId", "version") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Upload" (
    "gameId" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "manifestPiecesRoot" TEXT NOT NULL,
    "manifestSha256" TEXT NOT NULL,
    "manifestLengthBytes" INTEGER NOT NULL,
    "torrentPiecesRoot" TEXT NOT NULL,
    "torrentSha256" TEXT NOT NULL,
    "torrentLengthBytes" INTEGER NOT NULL,
    "startedAt" DATETIME NOT NULL,

    PRIMARY KEY ("gameId", "version"),
    CONSTRAINT "Upload_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Token" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sha256" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME,
    "revokedAt" DATETIME
);

-- CreateTable
CREATE TABLE "TrustMetadata" (
    "gameId" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "bytes" BLOB NOT NULL,
    "expiresAt" DATETIME NOT NULL,

    PRIMARY KEY ("gameId", "role", "version"),
    CONSTRAINT "TrustMetadata_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "TargetDocument" (
    "gameId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "lengthBytes" INTEGER NOT NULL,
    "piecesRoot" TEXT NOT NULL,

    PRIMARY KEY ("gameId", "path", "sha256"),
    CONSTRAINT "TargetDocument_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
