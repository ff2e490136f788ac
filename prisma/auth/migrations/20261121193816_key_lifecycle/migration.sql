-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN     "activates_at" TIMESTAMPTZ(3),
ADD COLUMN     "published_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "cookie_keys" ADD COLUMN     "activates_at" TIMESTAMPTZ(3);

-- Written by hand: of racing rotations one makes the next key, and one puts it in place of the current one.
CREATE UNIQUE INDEX "signing_keys_one_at_a_time" ON "signing_keys"("algorithm", "status") WHERE "status" IN ('next', 'current');
