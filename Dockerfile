# One image for both servers and for the one-shot jobs of docker-compose.yml.
# A digest pins it; `npm run release -- --renew-images` writes it.
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY build.mjs build-image.mjs tsconfig.json tsconfig.build.json ./
COPY prisma prisma
COPY src src
# What only building needs stays behind: development dependencies, the compiler, Prisma's generator.
RUN node build.mjs \
 && npm uninstall --ignore-scripts --no-save --omit=dev --no-audit --no-fund prisma typescript \
 && rm -rf node_modules/.cache

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
# A volume mounted on one of these starts with its owner, so nothing ever runs as root.
RUN mkdir -p /data /secrets/auth /secrets/notes /secrets/postgres \
 && chown -R node:node /data /secrets && chmod 700 /data \
 && ln -s /app/dist/main.js /usr/local/bin/gatehouse
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY prisma prisma
COPY views views
COPY docker docker
USER node
EXPOSE 3000 4000
HEALTHCHECK --interval=5s --timeout=15s --start-period=30s CMD ["node", "docker/healthcheck.mjs"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
