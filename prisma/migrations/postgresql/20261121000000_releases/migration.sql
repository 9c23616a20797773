-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Game" (
    "id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rootFingerprint" TEXT,
    "onlineKeyId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Game_pkey" PRIMARY KEY ("id")
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
    "publishedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Release_pkey" PRIMARY KEY ("gameId","version")
);

-- CreateTable
CREATE TABLE "Channel" (
    "gameId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "rollout" DOUBLE PRECISION,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Channel_pkey" PRIMARY KEY ("gameId","name")
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
    "startedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Upload_pkey" PRIMARY KEY ("gameId","version")
);

-- CreateTable
CREATE TABLE "Token" (
    "id" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3),
    "revokedAt" TIMESTAMP(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TrustMetadata" (
    "gameId" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "TrustMetadata_pkey" PRIMARY KEY ("gameId","role","version")
);

-- CreateTable
CREATE TABLE "TargetDocument" (
    "gameId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "lengthBytes" INTEGER NOT NULL,
    "piecesRoot" TEXT NOT NULL,

    CONSTRAINT "TargetDocument_pkey" PRIMARY KEY ("gameId","path","sha256")
);

-- AddForeignKey
ALTER TABLE "Release" ADD CONSTRAINT "Release_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Channel" ADD CONSTRAINT "Channel_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Channel" ADD CONSTRAINT "Channel_gameId_version_fkey" FOREIGN KEY ("gameId", "version") REFERENCES "Release"("gameId", "version") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Upload" ADD CONSTRAINT "Upload_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TrustMetadata" ADD CONSTRAINT "TrustMetadata_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TargetDocument" ADD CONSTRAINT "TargetDocument_gameId_fkey" FOREIGN KEY ("gameId") REFERENCES "Game"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
