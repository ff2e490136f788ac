-- CreateTable: UNLOGGED by hand. After a crash of the database server counting starts anew.
CREATE UNLOGGED TABLE "rate_limits" (
    "key" TEXT NOT NULL,
    "used" INTEGER NOT NULL,
    "resets_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "rate_limits_resets_at_idx" ON "rate_limits"("resets_at");
