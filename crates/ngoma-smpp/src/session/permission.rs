//! Who may ask what, and when (SMPP 3.4 §2.3, table 2-1).

use super::{Role, State};
use crate::CommandStatus;
use crate::pdu::{Operation, Pdu};

/// Why a request of the other side is not taken, if it is not.
pub(super) fn refusal(ours: Role, state: State, request: &Pdu) -> Option<CommandStatus> {
    let mode = match state {
        State::Bound(mode) | State::Draining(mode) => Some(mode),
        State::Open | State::Binding(_) | State::Unbinding | State::Closing(_) | State::Ended => None,
    };
    match (request, ours) {
        (Pdu::EnquireLink, _) => None,
        // It crossed our unbind: it is to be kept, and comes again.
        (Pdu::Message(..), _) if state == State::Unbinding => Some(CommandStatus::QUEUE_FULL),
        (Pdu::Bind(_), Role::Smsc) => match state {
            State::Open => None,
            _ => Some(CommandStatus::ALREADY_BOUND),
        },
        (Pdu::Outbind(_), Role::Esme) => match state {
            State::Open => None,
            _ => Some(CommandStatus::INVALID_BIND_STATUS),
        },
        (Pdu::Unbind, _) => mode.is_none().then_some(CommandStatus::INVALID_BIND_STATUS),
        (Pdu::Message(Operation::Submit | Operation::Data, _), Role::Smsc) => match mode {
            Some(mode) if mode.may_submit() => None,
            _ => Some(CommandStatus::INVALID_BIND_STATUS),
        },
        (Pdu::Message(Operation::Deliver | Operation::Data, _) | Pdu::Alert, Role::Esme) => match mode {
            Some(mode) if mode.may_deliver() => None,
            _ => Some(CommandStatus::INVALID_BIND_STATUS),
        },
        _ => Some(CommandStatus::INVALID_COMMAND_ID),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdu::{Bind, BindMode, Outbind, SmeAddress};

    const OK: Option<CommandStatus> = None;
    const UNBOUND: Option<CommandStatus> = Some(CommandStatus::INVALID_BIND_STATUS);
    const UNKNOWN: Option<CommandStatus> = Some(CommandStatus::INVALID_COMMAND_ID);
    const BOUND: Option<CommandStatus> = Some(CommandStatus::ALREADY_BOUND);

    fn message(operation: Operation) -> Pdu {
        Pdu::Message(operation, Box::default())
    }

    fn bind() -> Pdu {
        Pdu::Bind(Bind {
            mode: BindMode::Transceiver,
            system_id: String::new(),
            password: String::new(),
            system_type: String::new(),
            interface_version: 0x34,
            address_range: SmeAddress::default(),
        })
    }

    /// Open, bound as transmitter, as receiver, as transceiver.
    #[test]
    fn each_side_may_ask_what_its_bind_allows() {
        let states = [
            State::Open,
            State::Bound(BindMode::Transmitter),
            State::Bound(BindMode::Receiver),
            State::Bound(BindMode::Transceiver),
        ];
        let check = |ours, request: Pdu, expected: [Option<CommandStatus>; 4]| {
            let found = states.map(|state| refusal(ours, state, &request));
            assert_eq!(found, expected, "{ours:?} is asked {request:?}");
        };
        let outbind = || {
            Pdu::Outbind(Outbind {
                system_id: String::new(),
                password: String::new(),
            })
        };
        for ours in [Role::Esme, Role::Smsc] {
            check(ours, Pdu::EnquireLink, [OK; 4]);
            check(ours, Pdu::Unbind, [UNBOUND, OK, OK, OK]);
            check(ours, Pdu::Other(0x999), [UNKNOWN; 4]);
        }
        check(Role::Smsc, bind(), [OK, BOUND, BOUND, BOUND]);
        check(Role::Smsc, message(Operation::Submit), [UNBOUND, OK, UNBOUND, OK]);
        check(Role::Smsc, message(Operation::Data), [UNBOUND, OK, UNBOUND, OK]);
        check(Role::Smsc, message(Operation::Deliver), [UNKNOWN; 4]);
        check(Role::Smsc, Pdu::Alert, [UNKNOWN; 4]);
        check(Role::Smsc, outbind(), [UNKNOWN; 4]);
        check(Role::Esme, bind(), [UNKNOWN; 4]);
        check(Role::Esme, outbind(), [OK, UNBOUND, UNBOUND, UNBOUND]);
        check(Role::Esme, message(Operation::Submit), [UNKNOWN; 4]);
        check(Role::Esme, message(Operation::Data), [UNBOUND, UNBOUND, OK, OK]);
        check(Role::Esme, message(Operation::Deliver), [UNBOUND, UNBOUND, OK, OK]);
        check(Role::Esme, Pdu::Alert, [UNBOUND, UNBOUND, OK, OK]);
    }
}
