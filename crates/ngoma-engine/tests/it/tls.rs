//! The line to the database is protected as its address says.

use crate::world::World;
use ngoma_engine::{Engine, StoreChoice};
use ngoma_testkit::servers::{self, Database, PostgresServer};

/// Makes the key and certificate of the server at 127.0.0.1, in its folder and as its user.
const MAKE_CERTIFICATE: &str = "COPY (SELECT 1) TO PROGRAM 'printf \"[req]\\ndistinguished_name=d\\nx509_extensions=e\\n\
    [d]\\n[e]\\nbasicConstraints=critical,CA:FALSE\\nsubjectAltName=IP:127.0.0.1\\n\" > tls.cnf && \
    /usr/bin/openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -config tls.cnf \
    -keyout server.key -out server.crt 2> tls.log && chmod 600 server.key'";

/// Lets the server offer TLS from now on.
async fn offer_tls(database: &Database) {
    database.query(MAKE_CERTIFICATE);
    database.query("ALTER SYSTEM SET ssl = on");
    database.query("SELECT pg_reload_conf()");
    crate::world::until(|| database.query("SHOW ssl") == "on").await;
}

/// Opens an engine; says whether its lines are encrypted, or why it does not open.
async fn open(database: &Database, query: &str) -> Result<bool, String> {
    let mut world = World::empty();
    world.store = StoreChoice::Postgres(format!("{}?{query}", database.url()));
    let engine = Engine::open(world.path(), world.options()).await;
    let engine = engine.map_err(|error| error.to_string())?;
    let lines = "SELECT DISTINCT s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a ON a.pid = s.pid \
        WHERE a.application_name = 'ngoma'";
    let encrypted = database.query(lines);
    engine.stop().await;
    drop(engine);
    crate::world::until(|| database.query(lines).is_empty()).await;
    Ok(encrypted == "t")
}

#[tokio::test]
async fn the_line_to_the_database_is_protected_as_its_address_says() {
    if !servers::available() {
        return;
    }
    let server = PostgresServer::start();
    let database = server.database();
    let refused = open(&database, "sslmode=require").await.unwrap_err();
    assert!(refused.contains("the server offers no TLS"), "{refused}");
    assert_eq!(open(&database, "sslmode=prefer").await, Ok(false));

    offer_tls(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, database.query("SELECT pg_read_file('server.crt')")).unwrap();
    let verified = format!("sslmode=verify-full&sslrootcert={}", root.display());
    for (query, expected) in [
        ("", false),
        ("sslmode=disable", false),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        (verified.as_str(), true),
    ] {
        assert_eq!(open(&database, query).await, Ok(expected), "{query}");
    }
    let unknown = open(&database, "sslmode=verify-full").await.unwrap_err();
    assert!(unknown.contains("certificate"), "{unknown}");
}
