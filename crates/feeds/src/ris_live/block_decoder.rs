use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::Activity;
use crate::session::{Blocked, Session};

/// A block of so many bytes is worth waking another thread for.
const HANDED_OVER: usize = 64 << 10;

/// So much is gathered into a block at most.
pub(super) const BLOCK: usize = 256 << 10;

/// The session of a connection that is read faster than one core can decode: while a large block is decoded
/// on another thread, the next one is gathered. There is never more than one on its way, so their order
/// stays; what a quiet feed brings is decoded where it was read, at once.
pub(super) struct BlockDecoder {
    session: Arc<Mutex<Session>>,
    activity: Arc<Activity>,
    decoding: Option<JoinHandle<Result<(), Blocked>>>,
}

impl BlockDecoder {
    pub(super) fn new(session: Session) -> Self {
        let activity = session.activity().clone();
        BlockDecoder { session: Arc::new(Mutex::new(session)), activity, decoding: None }
    }

    /// Takes a block in; where one before it could not go on, says so now.
    pub(super) async fn push(&mut self, block: Vec<u8>) -> Result<(), Blocked> {
        self.decoded().await?;
        let mut session = self.session.clone().lock_owned().await;
        if block.len() < HANDED_OVER {
            return session.push(block).await;
        }
        let decode = move || Handle::current().block_on(session.push(block));
        self.decoding = Some(spawn_blocking(decode));
        Ok(())
    }

    /// What it has read so far, and what it was asked for.
    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The other side is there, though it has nothing to tell.
    pub(super) fn is_alive(&self) {
        self.activity.live(std::time::Instant::now());
    }

    /// Says that nothing more will come, after all that came.
    pub(super) async fn close(mut self, why: String) {
        // What it was blocked by, the closing meets too.
        let _ = self.decoded().await;
        if let Some(session) = Arc::into_inner(self.session) {
            session.into_inner().close(Some(why)).await;
        }
    }

    /// All that was taken in is decoded.
    pub(super) async fn decoded(&mut self) -> Result<(), Blocked> {
        let Some(decoding) = self.decoding.take() else { return Ok(()) };
        match decoding.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it everything.
                Err(_) => Err(Blocked::Ended),
            },
        }
    }
}
