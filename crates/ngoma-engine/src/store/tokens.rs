//! What lets an account's own programs in: the hashes of its tokens.

use super::sql::args;
use super::{NO_ACCOUNT, Store, StoreError};
use ngoma_message::Timestamp;

impl Store {
    /// Stores a token's hash for an account; false when there is no such account.
    pub(crate) async fn add_token(
        &self,
        account: &str,
        hash: [u8; 32],
        label: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (account, label) = (account.to_owned(), label.to_owned());
        self.write(NO_ACCOUNT, move |db| {
            let added = db.execute(
                "INSERT INTO token (hash, account, label, created_at)
                SELECT ?1, id, ?3, ?4 FROM account WHERE code = ?2",
                &args![hash.as_slice(), &account, &label, at],
            )?;
            Ok(added == 1)
        })
        .await
    }

    /// The account a token's hash lets in.
    pub(crate) async fn account_of_token(&self, hash: [u8; 32]) -> Result<Option<i64>, StoreError> {
        self.read(move |db| {
            let row = db.first("SELECT account FROM token WHERE hash = ?1", &args![hash.as_slice()])?;
            row.map(|row| row.get(0)).transpose()
        })
        .await
    }
}
