//! BMP version 3 (RFC 7854, 8671, 9069), and the OpenBMP envelope around it.
//!
//! Start with [`Session`]: the bytes of one connection of one router in, [`Event`]s out. Messages are
//! framed by `frame`, `router` decodes them with what it knows of each peer (`peers`), and every
//! UPDATE goes the way that those of MRT files go. [`OpenBmp`] does the same for a stream that many
//! routers share.
//!
//! Routers differ from the RFCs, and each difference is dealt with in one place: ADD-PATH that was
//! never agreed on in `add_path`, AS numbers of another width than announced in `as_size`, the router's own AS in front of paths in `own_as`, times that run
//! backwards in `clock`. What cannot be put right is counted in [`Counters`].

mod add_path;
mod as_size;
mod clock;
mod config;
mod event;
mod frame;
mod information;
mod open;
mod openbmp;
mod own_as;
mod peer;
mod peer_down;
mod peer_up;
mod peers;
mod router;
mod session;
mod step;
mod vrfs;

pub use bgp::Distinguisher;
pub use config::{Config, Setting};
pub use event::{Counters, Event};
pub use frame::MESSAGE_MAX;
pub use information::{Initiation, Termination};
pub use open::{AddPathDirections, Open};
pub use openbmp::{OpenBmp, OpenBmpRouter};
pub use peer::{Peer, PeerKind};
pub use peer_down::{Notification, PeerDown, PeerDownReason};
pub use peer_up::PeerUp;
pub use session::Session;
pub use vrfs::VrfLeftOut;

pub(crate) use event::Out;
pub(crate) use frame::{Framing, Message, is_bmp};
pub(crate) use openbmp::{Envelope, Routers, is_openbmp};
pub(crate) use router::Router;
pub(crate) use step::step;
