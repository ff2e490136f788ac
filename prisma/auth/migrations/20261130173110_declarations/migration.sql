-- CreateTable
CREATE TABLE "declarations" (
    "kind" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "places" JSONB NOT NULL,

    CONSTRAINT "declarations_pkey" PRIMARY KEY ("kind","id")
);

-- CreateTable
CREATE TABLE "applied_declarations" (
    "id" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "file_hash" TEXT,
    "applied_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "applied_declarations_pkey" PRIMARY KEY ("id")
);
