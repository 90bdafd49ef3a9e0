//! `originwatch run`: the real daemon, with a relay, a spool, routers and a RIS Live server that are
//! played here. Nothing waits for a time: each step waits for what the daemon says or does.

mod accept;
mod api;
mod blind;
mod bmp;
mod calendars;
mod channels;
mod controls;
mod delivery;
mod drill;
mod endangered;
mod heartbeat;
mod pages;
mod reload;
mod replies;
mod ris_live;
mod spool;
mod systemd;
mod tables;
mod trouble;
