extension Template {
    static let codesText = """
        {{<layout}}{{$content}}
        {{#isUnreadable}}{{> unreadable}}{{/isUnreadable}}
        {{^isUnreadable}}{{^isApplied}}<p class="warning"><strong>No definitions.</strong> None was applied yet: <code>pmsync apply DIR</code>.</p>
        {{/isApplied}}{{/isUnreadable}}
        {{#isApplied}}
        {{#empty(items)}}<p class="lead"><span class="tag good">✓ All known</span> Every code that messages bore within 30 days is
        in a table.</p>{{/empty(items)}}
        {{^empty(items)}}
        <table>
        <caption>Codes that no table knows, those that hold messages up first</caption>
        <thead><tr><th scope="col">Code</th><th scope="col">State</th><th scope="col" class="n">Wait</th>
        <th scope="col" class="n">Messages</th><th scope="col">Since</th><th scope="col">What to do</th></tr></thead>
        <tbody>
        {{#items}}
        <tr><th scope="row"><code>{{code}}</code><br><span class="soft">{{table}}, {{practice}}</span></th>
        <td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span></td>
        <td class="n" data-label="Wait">{{#parkedLink}}<a href="{{parkedLink}}">{{parked}}</a>{{/parkedLink}}{{^parkedLink}}{{parked}}{{/parkedLink}}{{#heldBack}}<br><span class="soft">{{heldBack}}</span>{{/heldBack}}</td>
        <td class="n" data-label="Messages">{{messages}}</td>
        <td data-label="Since"><time datetime="{{since.iso}}">{{since.text}}</time> <span class="w">({{since.age}})</span></td>
        <td data-label="What to do">{{mend}} <a href="{{example}}">One of the messages</a>{{#replayLink}}<br>
        <a class="button" href="{{replayLink}}">Replay them all</a>{{/replayLink}}</td></tr>
        {{/items}}
        </tbody>
        </table>
        {{/empty(items)}}
        <h2>Coverage</h2>
        {{#empty(coverage)}}<p>Nothing was looked up within 30 days.</p>{{/empty(coverage)}}
        {{^empty(coverage)}}
        <table>
        <caption>How much of what messages said the tables know{{#asOf}}, as of {{asOf.text}}{{/asOf}}</caption>
        <thead><tr><th scope="col">Table</th><th scope="col">Practice</th><th scope="col" class="n">Known</th>
        <th scope="col" class="n">Of messages</th><th scope="col" class="n">Coverage</th><th scope="col" class="n">Rows unused</th></tr></thead>
        <tbody>
        {{#coverage}}
        <tr><th scope="row">{{table}}</th><td data-label="Practice">{{practice}}</td><td class="n" data-label="Known">{{known}}</td>
        <td class="n" data-label="Of messages">{{messages}}</td><td class="n" data-label="Coverage">{{percent}}</td>
        <td class="n" data-label="Rows unused">{{unused}} of {{rows}}</td></tr>
        {{/coverage}}
        </tbody>
        </table>
        {{/empty(coverage)}}
        {{/isApplied}}
        {{/content}}{{/layout}}
        """
}
