import Diagnosis
import Glibc
import Keyring
import MetiToken
import Posix

/// Looks at the desktop keyring, step by step from the bus inwards. After a step that fails the
/// later ones have nothing to stand on.
struct KeyringExam {
  private(set) var checks: [Check] = []
  private(set) var patient = Doctor.Patient()

  private let doctor: Doctor
  private let bus: (address: String, source: BusAddress.Source)?
  private let survey: KeyringSurvey
  private var step = Check.Subject.bus

  /// In the order in which they are taken.
  static let steps: [Check.Subject] = [
    .bus, .provider, .collection, .items, .session, .account, .password,
  ]

  init(_ doctor: Doctor) {
    self.doctor = doctor
    bus = BusAddress.find(Process.variable)
    survey = KeyringSurvey(
      busAddress: bus?.address, clock: doctor.clock, until: doctor.share(of: 3),
      handshake: Call.handshake(doctor.lock), verbose: doctor.verbose)
  }

  mutating func run() {
    do throws(KeyringError) {
      step = .bus
      guard try examineBus() else { return skipRest() }
      step = .provider
      let provider = try examineProvider()
      step = .collection
      let isLocked = try examineCollection()
      step = .items
      let items = try examineItems(isCollectionLocked: isLocked)
      step = .session
      try examineSession(provider)
      step = .account
      let stored = try examineAccount(items, provider)
      step = .password
      try examinePassword(stored, provider)
    } catch {
      stop(error)
    }
  }

  private mutating func stop(_ error: KeyringError) {
    if !error.detail.isEmpty { doctor.verbose?(error.detail) }
    let failure = Failure(error)
    let state =
      error.kind == .notAnswering
      // A call would send the person here.
      ? Check.State.failed(
        status: failure.status.rawValue,
        hint: "answer its dialog if it shows one; else restart it, or log out of the desktop and in"
      )
      : Check.State(failure, or: "run meti-token doctor --verbose")
    add(state, failure.message)
    skipRest()
  }

  private mutating func skipRest() {
    let missed = Self.steps.drop { $0 != step }.dropFirst()
    for subject in missed {
      checks.append(
        Check(subject, .skipped(hint: "see \(step.rawValue)"), "not looked at"))
    }
  }

  private mutating func add(_ state: Check.State, _ detail: String) {
    checks.append(Check(step, state, detail))
  }

  // MARK: The steps

  /// Returns whether it can be used.
  private mutating func examineBus() throws(KeyringError) -> Bool {
    guard let bus else { throw KeyringError(.noBus) }
    let place = "\(Self.shown(bus.address)), \(Self.words(bus.source))"
    do {
      try survey.connect()
      add(.ok, place)
      return true
    } catch {
      guard error.kind == .noBus else { throw error }
      if !error.detail.isEmpty { doctor.verbose?(error.detail) }
      let hint: String
      if let owner = BusAddress.owner(of: bus.address), owner != geteuid() {
        hint = "it is another user's (id \(owner)): run meti-token as that user, without sudo"
      } else {
        hint = "log in to a desktop session, or see SERVERS in meti-token(1)"
      }
      add(.failed(status: ExitStatus.keyring.rawValue, hint: hint), "cannot be used: \(place)")
      return false
    }
  }

  /// Without the keys that only say which bus it is.
  private static func shown(_ address: String) -> String {
    address.split(separator: ",").filter { !$0.hasPrefix("guid=") }.joined(separator: ",")
  }

  private static func words(_ source: BusAddress.Source) -> String {
    switch source {
    case .environment: "from DBUS_SESSION_BUS_ADDRESS"
    case .runtimeDirectory: "found there, as DBUS_SESSION_BUS_ADDRESS is not set"
    }
  }

  private mutating func examineProvider() throws(KeyringError) -> Provider {
    var isStartedHere = false
    var found = try survey.provider()
    if found == nil {
      guard try survey.canStartProvider() else { throw KeyringError(.noProvider) }
      // Any call would start it, by asking.
      _ = try survey.defaultCollection()
      found = try survey.provider()
      isStartedHere = true
    }
    guard let found else { throw KeyringError(.noProvider) }
    let provider = Provider(process: found.processID, until: doctor.share(of: 10), doctor.clock)
    add(.ok, provider.text + (isStartedHere ? ", started for this check" : ""))
    return provider
  }

  /// Returns whether it is locked.
  private mutating func examineCollection() throws(KeyringError) -> Bool {
    guard let collection = try survey.defaultCollection() else {
      let words = Failure.words(.noCollection)
      add(.warning(hint: words.hint ?? ""), "there is no default keyring to store into")
      return false
    }
    if collection.isLocked {
      let failure = Failure(KeyringError(.locked))
      add(Check.State(failure, or: ""), "\"\(collection.label)\" is locked")
    } else {
      add(.ok, "\"\(collection.label)\", unlocked")
    }
    return collection.isLocked
  }

  private mutating func examineItems(
    isCollectionLocked: Bool
  ) throws(KeyringError) -> KeyringSurvey.Items {
    let items = try survey.items(at: doctor.selector.api)
    let counted = [
      (items.accounts.count, "account"), (items.tokens, "token"), (items.defaults, "default"),
    ].map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", ")
    let locked =
      items.accounts.count { $0.isLocked } + items.lockedTokens + items.lockedDefaults
    if locked == 0 {
      add(.ok, counted)
    } else {
      let hint =
        isCollectionLocked
        ? "see collection"
        : "the keyring asks before it gives them: run meti-token in a terminal on the desktop"
      add(.warning(hint: hint), "\(counted), \(locked) of them locked")
    }
    return items
  }

  private mutating func examineSession(_ provider: Provider) throws(KeyringError) {
    do {
      try survey.openSession()
    } catch {
      guard error.kind == .failed, provider.name == "kwalletd5" else { throw error }
      if !error.detail.isEmpty { doctor.verbose?(error.detail) }
      add(
        .failed(
          status: ExitStatus.keyring.rawValue, hint: "install the package libqca-qt5-2-plugins"),
        "KWallet opens no session in which secrets can be sent")
      return
    }
    add(.ok, "secrets can be exchanged")
  }

  /// Returns the item of the account that is meant.
  private mutating func examineAccount(
    _ items: KeyringSurvey.Items, _ provider: Provider
  ) throws(KeyringError) -> KeyringSurvey.Items.Stored? {
    // The same account may lie in two collections.
    let names = items.accounts.map(\.account.name).distinctNames()
    let logIn = "log in with: \(LoginLine.storing(doctor.selector))"
    guard !names.isEmpty else {
      add(.warning(hint: logIn), "none is stored for \(doctor.selector.api.text)")
      return nil
    }
    let meant: String?
    let how: String
    if let name = doctor.selector.name {
      (meant, how) = (name, "named by --account or METI_ACCOUNT")
    } else {
      // A keyring that may ask first is not asked.
      let chosen = provider.isQuiet ? try survey.defaultName(items) : nil
      let only = names.count == 1 ? names[0] : nil
      let isOnly = chosen.map { $0.isSameName(as: only) } ?? true
      (meant, how) = (chosen ?? only, isOnly ? "the only one" : "the default")
    }
    guard let meant else {
      let several = names.joined(separator: ", ")
      if items.defaults == 0 {
        let failure = Failure(.noDefault(names))
        add(Check.State(failure, or: ""), "several, and none is the default: \(several)")
      } else {
        let place = items.lockedDefaults > 0 ? "items" : "provider"
        add(.skipped(hint: "see \(place)"), "several, and the default is not read: \(several)")
      }
      return nil
    }
    guard let stored = items.accounts.first(where: { $0.account.name.isSameName(as: meant) }) else {
      add(.warning(hint: logIn), "\(meant) is not stored for \(doctor.selector.api.text)")
      return nil
    }
    patient.account = stored.account
    add(.ok, "\(meant), \(how), in the keyring")
    return stored
  }

  private mutating func examinePassword(
    _ stored: KeyringSurvey.Items.Stored?, _ provider: Provider
  ) throws(KeyringError) {
    guard let stored else { return add(.skipped(hint: "see account"), "not looked at") }
    guard !stored.isLocked else { return add(.skipped(hint: "see items"), "it is locked") }
    guard provider.isQuiet else {
      return add(
        .skipped(hint: "the next call that needs it shows whether it is right"),
        "not read, as this keyring may ask first")
    }
    guard let credential = try survey.credential(stored) else { throw KeyringError(.damaged) }
    let what: String
    switch credential.grant {
    case .password: what = "password"
    case .clientCredentials(let tokenURL, _, _):
      patient.tokenURL = tokenURL
      what = "client secret"
    }
    if let refusedOn = credential.refusedOn {
      add(
        .failed(
          status: ExitStatus.refused.rawValue,
          hint: Failure.logInAgain(credential.account, credential.grant)),
        "METI refused the stored \(what) on \(UTC.text(refusedOn))")
    } else {
      add(.ok, "the \(what) is stored; whether it is right only METI knows")
    }
  }
}
