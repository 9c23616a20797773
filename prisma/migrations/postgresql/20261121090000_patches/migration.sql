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
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Patch_pkey" PRIMARY KEY ("gameId","fromVersion","toVersion")
);

-- CreateTable
CREATE TABLE "PatchListing" (
    "gameId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "PatchListing_pkey" PRIMARY KEY ("gameId","version")
);

-- CreateTable
CREATE TABLE "VersionUse" (
    "gameId" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "day" INTEGER NOT NULL,
    "updates" INTEGER NOT NULL,
    "peers" INTEGER NOT NULL,

    CONSTRAINT "VersionUse_pkey" PRIMARY KEY ("gameId","version","day")
);

-- AddForeignKey
ALTER TABLE "Patch" ADD CONSTRAINT "Patch_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PatchListing" ADD CONSTRAINT "PatchListing_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "VersionUse" ADD CONSTRAINT "VersionUse_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
