import ParleyDomain
import ParleyTestKit
import Testing

@Suite struct StoreContractTests {
    @Test(arguments: MessageStoreContract.cases + MessageReaderContract.cases)
    func memory(_ promise: ContractCase<StoreUnderTest>) throws {
        try promise.run(Self.memory(MemoryMessageStore()))
    }

    @Test(arguments: MessageStoreContract.cases + MessageReaderContract.cases)
    func sqlite(_ promise: ContractCase<StoreUnderTest>) throws {
        try promise.run(SQLiteSubject().subject.messages)
    }

    @Test(arguments: AccountStoreContract.cases)
    func sqliteAccounts(_ promise: ContractCase<AccountsUnderTest>) throws {
        try promise.run(SQLiteSubject().subject)
    }

    private static func memory(_ store: MemoryMessageStore) -> StoreUnderTest {
        StoreUnderTest(
            store: store, reader: store,
            addUsers: { users in
                for user in users { store.addUser(UserProfile(user: user, name: "name of \(user)")) }
            },
            reopen: {
                store.crash()
                return Self.memory(store)
            })
    }
}
