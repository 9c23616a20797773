-- AlterTable
ALTER TABLE "Patch" ADD COLUMN "defeatedFiles" TEXT;
