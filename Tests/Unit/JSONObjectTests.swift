import MetiToken
import Testing

@Suite struct `A JSON object` {
  @Test func `may be empty`() {
    #expect(text(JSONObject().finish()) == "{}")
  }

  @Test func `has its members in the order in which they came`() {
    var object = JSONObject()
    object.add("token", secret: Secret(copying: "abc"))
    object.add("expires_in", Int64.max)
    object.add("account", "anna@domain.com")
    object.add("drift", -1)
    #expect(
      text(object.finish())
        == #"{"token":"abc","expires_in":9223372036854775807,"account":"anna@domain.com","drift":-1}"#
    )
  }

  @Test func `does not let a value end its string`() {
    var object = JSONObject()
    object.add("a", #"","b":"\"#)
    #expect(text(object.finish()) == #"{"a":"\u0022,\u0022b\u0022:\u0022\u005c"}"#)
  }
}
