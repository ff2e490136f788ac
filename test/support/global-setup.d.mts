/** Makes the run's folder and says in the environment whether there is a PostgreSQL. */
export default function setUp(): void
