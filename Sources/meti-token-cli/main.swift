import ArgumentParser
import FoundationEssentials
import Keyring

struct A: Decodable { let a: Int }
print(probe(), try JSONDecoder().decode(A.self, from: Data("{\"a\":1}".utf8)).a)
